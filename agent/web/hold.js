/** A button that counts for as long as it is held: by a finger, a pointer or a key. */

/**
 * @param {HTMLElement} button @param {(on: boolean) => void} told of each change, once
 * @returns {() => void} to let go of it, where what it was held for is over
 */
export function whileHeld(button, told) {
  let held = false;
  const turn = (/** @type {boolean} */ on) => {
    if (on === held) return;
    held = on;
    told(on);
  };
  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId); // let go of beside the button, it is let go of all the same
    turn(true);
  });
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) button.addEventListener(name, () => turn(false));
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long touch
  for (const name of /** @type {const} */ (['keydown', 'keyup'])) {
    button.addEventListener(name, (event) => {
      if (event.key !== ' ' && event.key !== 'Enter') return;
      event.preventDefault();
      turn(name === 'keydown');
    });
  }
  return () => turn(false);
}
