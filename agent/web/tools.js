/** Functions of the page that the agent may call: how they are declared, and what is sent back. No sockets. */

/** Longest text that goes back to the model. */
const MOST = 32_000;

/**
 * @typedef {object} PageTool
 * @property {string} description
 * @property {object} [parameters] JSON schema of an object
 * @property {(args: any) => unknown} run its value, or a promise of it: text, or anything JSON can hold
 */

/** @param {Record<string, PageTool>} tools @returns {object[]} for the session object */
export function declared(tools) {
  return Object.entries(tools).map(([name, { description, parameters }]) => ({
    type: 'function', name, description, parameters: parameters ?? { type: 'object', properties: {} },
  }));
}

/**
 * Run what was called, beside each other; a failure is told to the model, not thrown.
 * @param {{name: string, call_id: string, arguments: string}[]} calls @param {Record<string, PageTool>} tools
 * @returns {Promise<object[]>} conversation items, in the order of the calls
 */
export async function answers(calls, tools) {
  return Promise.all(calls.map(async (call) => ({
    type: 'function_call_output', call_id: call.call_id, output: await output(call, tools[call.name]),
  })));
}

/** @param {{name: string, arguments: string}} call @param {PageTool} tool */
async function output(call, tool) {
  let args;
  try {
    args = JSON.parse(call.arguments || '{}');
  } catch {
    return 'The arguments are not JSON.';
  }
  try {
    const value = await tool.run(args);
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
    return text.length > MOST ? `${text.slice(0, MOST)} …` : text;
  } catch (error) {
    return `The function failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
