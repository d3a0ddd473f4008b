// The desk's own script: stories are moved by arrow keys or by dragging; htmx does the rest.
"use strict";
(() => {
  let dragged = null;
  const story = (node) => (node instanceof Element ? node.closest(".story") : null);
  const place = (item) => Number(item.dataset.place);

  // Ask for a place: the form's own fields say which story, two more say where.
  function move(item, to, number) {
    const form = item.querySelector("form.move");
    const fields = { do: "move", to, place: number };
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      field.className = "asked";
      form.append(field);
    }
    form.requestSubmit();
    form.querySelectorAll(".asked").forEach((field) => field.remove());
  }

  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches(".handle")) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const item = story(event.target);
    const list = item.closest(".stories");
    const number = place(item) + step;
    if (number >= 1 && number <= list.children.length) move(item, list.dataset.to, number);
  });

  document.addEventListener("dragstart", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches(".handle")) return;
    dragged = story(event.target);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.article);
    event.dataTransfer.setDragImage(dragged, 20, 20);
    dragged.classList.add("held");
  });

  function mark(over) {
    document.querySelectorAll(".story.over").forEach((each) => each.classList.remove("over"));
    if (over) over.classList.add("over");
  }

  document.addEventListener("dragover", (event) => {
    const over = story(event.target);
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    mark(over);
  });

  document.addEventListener("drop", (event) => {
    const over = story(event.target);
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    move(dragged, over.closest(".stories").dataset.to, place(over));
  });

  document.addEventListener("dragend", () => {
    if (dragged) dragged.classList.remove("held");
    mark(null);
    dragged = null;
  });

  // What was open stays open when the desk is drawn anew, and the keyboard stays where it was.
  let open = [];
  let focused = "";
  let left = [];
  // Where to go on from here: the story itself, else what stands in its place; else the search.
  function nearby(active) {
    const item = story(active);
    if (!item) return active && active.closest("#found") ? ["#find"] : [];
    const list = `.stories[data-to="${CSS.escape(item.parentElement.dataset.to)}"]`;
    return [
      `.story[data-article="${CSS.escape(item.dataset.article)}"] .handle`,
      `${list} .story[data-place="${place(item)}"] .handle`,
      `${list} .story:last-child .handle`,
    ];
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "desk") return;
    const active = document.activeElement;
    focused = active ? active.id : "";
    left = nearby(active).concat("#done");
    open = [...document.querySelectorAll(".story details[open]")].map((d) => story(d).dataset.article);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "desk") return;
    for (const id of open) {
      const item = document.querySelector(`.story[data-article="${CSS.escape(id)}"] details`);
      if (item) item.open = true;
    }
    const button = focused && document.getElementById(focused);
    if (button && button.disabled) story(button).querySelector(".handle").focus();
    if (document.activeElement !== document.body) return;
    const next = left.map((each) => document.querySelector(each)).find(Boolean);
    if (next) next.focus();
  });
})();
