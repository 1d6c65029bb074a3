import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';

const skipped = new Set(['node_modules', 'dist', '.git', '.parley', 'coverage', 'test-results', 'playwright-report']);

/**
 * All files below a folder of the repository, without what is installed or generated.
 * @param {string} folder relative to the root
 * @returns {string[]} paths relative to the root, with `/`, sorted
 */
export function filesBelow(folder) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    })
    .sort();
}

/**
 * The files that are, or would be, in the repository: tracked ones and new ones that are not ignored.
 * Outside a git work tree (a downloaded archive) all files count.
 */
export function repositoryFiles() {
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
    return [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path))).sort();
  } catch {
    return filesBelow('');
  }
}

/**
 * One hash over the names and contents of files.
 * @param {string[]} paths relative to the root
 * @param {string} [salt] whatever else the result depends on
 */
export function hashOf(paths, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const path of paths) {
    if (existsSync(join(root, path))) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

/**
 * Remembers in node_modules what a step was last done for, so that it is done again only after a change.
 * @param {string} name
 */
export function stamp(name) {
  const path = join(root, 'node_modules', `.parley-${name}`);
  return {
    /** @param {string} hash */
    matches: (hash) => existsSync(path) && readFileSync(path, 'utf8') === hash,
    /** @param {string} hash */
    write: (hash) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, hash);
    },
  };
}
