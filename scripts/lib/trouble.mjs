/** A failure we foresaw: its message is the sentence a person should read, without a stack. */
export class Trouble extends Error {}

const recognised = [
  {
    signs: /ENOSPC|no space left on device/i,
    say: 'The disk is full: free some space (about 2 GB is plenty), then run the same command again.',
  },
  {
    signs:
      /ENOTFOUND|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETDOWN|dns error|error sending request|client error \(Connect\)|ERR_PNPM_META_FETCH_FAIL|network (is unreachable|request failed)/i,
    say: 'The package registry cannot be reached: check the network connection or proxy, then run the same command again.',
  },
  {
    signs: /ERR_PNPM_OUTDATED_LOCKFILE|pnpm-lock\.yaml is not up to date/i,
    say: 'pnpm-lock.yaml does not match the package.json files: run "pnpm install" and commit the lockfile.',
  },
  {
    signs: /EACCES|permission denied|EROFS|read-only file system/i,
    say: 'A file could not be written: check that you own this folder and that it is not read-only.',
  },
];

/**
 * Turns the output of a failed tool into one sentence, where the cause is a known one.
 * @param {string} output all that the tool printed
 * @returns {string | undefined}
 */
export function explain(output) {
  const flat = output.replaceAll(/\s+/g, ' '); // tools wrap their lines in the middle of what we look for
  return recognised.find(({ signs }) => signs.test(flat))?.say;
}

/**
 * The same for a process of ours that ended by itself.
 * @param {string} output its last lines
 * @returns {string | undefined}
 */
export function explainDeath(output) {
  if (/ENOSPC|SQLITE_FULL|no space left on device|disk is full/i.test(output)) return 'the disk is full';
  if (/EADDRINUSE/.test(output)) return 'its port was taken by another program';
  return undefined;
}
