"""How long does `digest --help` take, as a multiple of an empty Python process?

Ten runs of each in turn; the medians and their ratio are printed. `digest fetch --help` shows that
a command's own help is as light.
"""

import json
import statistics
import subprocess
import sys
import time

RUNS = 10


def seconds(words: list[str]) -> float:
    """Return the wall time of one process."""
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    """Print the figures."""
    commands = {
        "empty": [sys.executable, "-c", "pass"],
        "help": [sys.executable, "-m", "digest", "--help"],
        "command_help": [sys.executable, "-m", "digest", "fetch", "--help"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, words in commands.items():
            taken[name].append(seconds(words))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    ratios = {name: round(medians[name] / medians["empty"], 2) for name in commands}
    for name, median in medians.items():
        print(f"{name} {median * 1000:.0f} ms  {ratios[name]} times an empty process")
    print(json.dumps({"start": ratios}))


if __name__ == "__main__":
    main()
