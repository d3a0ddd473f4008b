"""Start the command line: `python -m digest` and the `digest` script."""


def main() -> None:
    """Run the command line and exit with its code."""
    from digest.cli import run

    run()


if __name__ == "__main__":
    main()
