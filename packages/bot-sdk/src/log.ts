/** How the SDK speaks to the bot's operator. Never given tokens, secrets or what people said. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

export const consoleLog: Log = (level, message, fields) => {
  if (level === 'info') return;
  console[level](`[parley] ${message}`, fields ?? '');
};
