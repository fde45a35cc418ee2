// Seeking by clicks and keys, and the line that shows where the sound is. The page is whole without it.
"use strict";
for (const block of document.querySelectorAll(".conversation")) {
  const audio = block.querySelector("audio"), lanes = block.querySelector(".lanes");
  const head = block.querySelector(".head"), seconds = Number(lanes.dataset.seconds);
  const turns = [...block.querySelectorAll(".turns > li")];
  const starts = turns.map((turn) => Number(turn.dataset.at));
  let wanted = 0;
  const show = () => {
    const at = audio.readyState ? audio.currentTime : wanted;
    head.style.left = `${(100 * at) / seconds}%`;
    turns.forEach((turn, place) => {
      const until = place + 1 < starts.length ? starts[place + 1] : seconds;
      turn.classList.toggle("now", at >= starts[place] - 0.31 && at < until - 0.31 && (at > 0 || !audio.paused));
    });
    if (!audio.paused) requestAnimationFrame(show);
  };
  const seek = (at) => {
    wanted = Math.min(Math.max(at, 0), seconds);
    if (audio.readyState) audio.currentTime = wanted;
    else { audio.preload = "auto"; audio.load(); }
    show();
  };
  const toggle = () => (audio.paused ? audio.play().catch(() => {}) : audio.pause());
  audio.addEventListener("loadedmetadata", () => { if (wanted) audio.currentTime = wanted; });
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    show();
  });
  for (const name of ["pause", "seeked", "ended"]) audio.addEventListener(name, show);
  lanes.addEventListener("click", (event) => {
    const box = lanes.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * seconds);
  });
  for (const button of block.querySelectorAll(".seek"))
    button.addEventListener("click", () => { seek(Number(button.dataset.at)); audio.play().catch(() => {}); });
  lanes.addEventListener("keydown", (event) => {
    const at = audio.readyState ? audio.currentTime : wanted;
    const before = starts.filter((start) => start < at - 0.5).pop() ?? 0;
    const after = starts.find((start) => start > at + 0.5) ?? seconds;
    const does = {
      " ": toggle, "k": toggle, "Home": () => seek(0), "ArrowLeft": () => seek(at - 1),
      "ArrowRight": () => seek(at + 1), ",": () => seek(before - 0.3), ".": () => seek(after - 0.3),
    }[event.key];
    if (does && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); does(); }
  });
}
