/** The element's own look: a sheet made in the script, so that it holds under a strict policy for styles. */

const LANES = ['user', 'agent', 'listening', 'draft', 'faded', 'grid', 'mark-draft', 'mark-drop', 'mark-commit',
  'mark-duck', 'mark-hold', 'mark-resume', 'mark-hush', 'mark-tool'];

/** Colours by their names, as the embedding page may set them. @param {string} own @param {string} lanes */
function palette(own, lanes) {
  const [ink, paper, accent, faint, rule] = own.split(' ');
  const colours = lanes.split(/\s+/).map((colour, n) => `--lane-${LANES[n]}: ${colour};`);
  return `:host {
  --ink: var(--hocket-ink, ${ink}); --paper: var(--hocket-paper, ${paper}); --accent: var(--hocket-accent, ${accent});
  --faint: var(--hocket-faint, ${faint}); --rule: ${rule}; ${colours.join(' ')}
}`;
}

export const SHEET = new CSSStyleSheet();

SHEET.replaceSync(`
${palette('#22252b #ffffff #2f6fb3 #6b6f78 #e4e0d8', `#2f6fb3 #c2571a #1f7d78 #6a55a0 #d5d1c8 #eeebe4
  #8e86ae #a09a8e #2b8a4b #b98f2c #b07d07 #5f8a2c #c22f2f #3b6f8f`)}
@media (prefers-color-scheme: dark) {
${palette('#e9e6df #1a1d21 #7db1ea #9a9ca2 #2c3036', `#6ea8e6 #f0925a #4fbdb6 #a795dd #454a52 #262a30
  #8a80b8 #7a7870 #58b877 #d4ae57 #dba72b #93bd5b #f06a63 #6aa5c8`)}
}
:host {
  --lane-ink: var(--ink); --lane-faint: var(--faint); --lane-paper: var(--paper); --lane-focus: var(--ink);
  display: block; color-scheme: light dark; color: var(--ink);
  font: 15px/1.5 var(--hocket-font, ui-sans-serif, system-ui, sans-serif);
}
:host([hidden]), [hidden] { display: none !important; }
.lanes { display: none; width: 100%; margin-bottom: 10px; touch-action: pan-y; }
:host([lanes]) .lanes { display: block; height: 330px; }
.row { display: flex; flex-wrap: wrap; gap: 10px 14px; align-items: center; }
button { min-height: 44px; padding: 8px 22px; border: 1px solid var(--rule); border-radius: 22px; background: var(--paper); color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
:host([data-state="idle"]) .button, :host(:not([data-state])) .button, .hold { border-color: transparent; background: var(--accent); color: var(--paper); }
.hold { touch-action: none; user-select: none; -webkit-user-select: none; }
.hold[data-pressed] { background: var(--ink); }
button:focus-visible, canvas:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.state { color: var(--faint); }
.problem { margin: 10px 0 0; }
.problem:empty, .captions:empty { display: none; }
.captions { list-style: none; margin: 12px 0 0; padding: 0; }
.captions li { padding: 3px 0; overflow-wrap: anywhere; }
.name { color: var(--faint); font-size: 13px; font-weight: 600; }
.you .name { color: var(--accent); }
`);
