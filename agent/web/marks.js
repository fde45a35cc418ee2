/** Decisions worth a sign on the lanes: their kinds, what they are called, and which events tell them. Pure. */

/**
 * @typedef {'draft'|'drop'|'commit'|'duck'|'hold'|'resume'|'hush'|'tool'} MarkKind
 * @typedef {{number: number, at: number, kind: MarkKind, turn: number, why: string}} Mark `at`: page seconds
 */

/** What a decision is called. @type {Record<MarkKind, string>} */
export const NAMES = {
  draft: 'draft begins', drop: 'draft dropped', commit: 'the turn is over', duck: 'voice lowered',
  hold: 'voice held', resume: 'voice goes on', hush: 'interrupted', tool: 'tool used',
};

/** Kinds by `hocket.voice`’s state. */
export const VOICE = /** @type {Record<string, MarkKind>} */ ({
  ducked: 'duck', full: 'resume', held: 'hold', resumed: 'resume', hushed: 'hush',
});

/** Kinds by `hocket.draft`’s state. */
export const DRAFT = /** @type {Record<string, MarkKind>} */ ({ begun: 'draft', dropped: 'drop', committed: 'commit' });

/** A decision in one sentence. @param {Mark} mark */
export function sentence(mark) {
  return mark.why ? `${NAMES[mark.kind]}: ${mark.why}` : NAMES[mark.kind];
}
