/**
 * The names of all events on the wire: OpenAI's Realtime GA names, and our own.
 *
 * Names only. A test holds them against OpenAI's published types, and this folder's sources against them.
 */

/** What a server may say by the GA protocol, as far as this client looks at it or passes it on. */
export const SERVER_EVENTS = Object.freeze([
  'error',
  'session.created', 'session.updated', 'conversation.created',
  'conversation.item.added', 'conversation.item.done', 'conversation.item.retrieved',
  'conversation.item.deleted', 'conversation.item.truncated',
  'conversation.item.input_audio_transcription.delta', 'conversation.item.input_audio_transcription.completed',
  'conversation.item.input_audio_transcription.failed',
  'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed',
  'input_audio_buffer.cleared', 'input_audio_buffer.timeout_triggered',
  'response.created', 'response.done', 'response.output_item.added', 'response.output_item.done',
  'response.content_part.added', 'response.content_part.done',
  'response.output_audio.delta', 'response.output_audio.done',
  'response.output_audio_transcript.delta', 'response.output_audio_transcript.done',
  'response.output_text.delta', 'response.output_text.done',
  'response.function_call_arguments.delta', 'response.function_call_arguments.done',
  'output_audio_buffer.started', 'output_audio_buffer.stopped', 'output_audio_buffer.cleared',
  'rate_limits.updated',
]);

/** What only this server says, and only to a client that asked for it. */
export const OUR_EVENTS = Object.freeze([
  'response.thinking.delta', 'response.thinking.done',
  'hocket.draft', 'hocket.decision', 'hocket.voice', 'hocket.user', 'hocket.heard', 'hocket.latency',
  'hocket.tool', 'hocket.overlap', 'hocket.goodbye',
]);

/** What a client may say. */
export const CLIENT_EVENTS = Object.freeze([
  'session.update',
  'input_audio_buffer.append', 'input_audio_buffer.commit', 'input_audio_buffer.clear',
  'conversation.item.create', 'conversation.item.retrieve', 'conversation.item.delete',
  'conversation.item.truncate',
  'response.create', 'response.cancel', 'output_audio_buffer.clear',
  'hocket.playout',
]);
