// Proves that what the documentation names is there: linked files and headings, paths, scripts and commands.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { repositoryFiles } from './lib/files.mjs';
import { root, rooms } from './lib/paths.mjs';

const pnpmCommands = /^(install|i|add|update|exec|dlx|why|outdated|audit|run|store|licenses|list|pack|publish)$/;
const generated = /(^|\/)(node_modules|dist|\.parley|coverage|\.env)(\/|$)/;
const fileName = /^[\w@.-]+(\/[\w@.-]+)+\/?$/;
const extension = /\.(ts|tsx|mjs|js|json|jsonc|md|yaml|yml|css|html|svg|png|sh|sql|cs|proto)$/;

const files = repositoryFiles();
const allRooms = rooms();
const manifests = new Map(
  ['', ...allRooms.map(({ folder }) => folder)].map((folder) => [
    folder,
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
  ]),
);
const topFolders = new Set(files.filter((path) => path.includes('/')).map((path) => path.split('/')[0]));

/** @type {string[]} */
const problems = [];
let checked = 0;
const pages = files.filter((path) => path.endsWith('.md'));
for (const page of pages) checkPage(page);

if (problems.length > 0) {
  console.log(problems.join('\n'));
  process.exitCode = 1;
} else console.log(`${pages.length} pages, ${checked} paths, links and commands`);

/** @param {string} page */
function checkPage(page) {
  const text = readFileSync(join(root, page), 'utf8');
  /** @type {string | undefined} */
  let fence;
  for (const [index, line] of text.split('\n').entries()) {
    const complain = (/** @type {string} */ what) => problems.push(`${page}:${index + 1}: ${what}`);
    const mark = /^\s*(?:```|~~~)\s*(\w*)/.exec(line);
    if (mark) fence = fence === undefined ? mark[1] : undefined;
    else if (fence === undefined) checkProse(page, line, complain);
    else if (/^(sh|bash|shell|console)?$/.test(fence)) checkCommand(page, line.replace(/^\s*\$ /, '').trim(), complain);
  }
}

/**
 * @param {string} page
 * @param {string} line
 * @param {(what: string) => void} complain
 */
function checkProse(page, line, complain) {
  for (const [, code = ''] of line.matchAll(/`([^`]+)`/g)) {
    if (/^(npm|npx|pnpm|node|bash) /.test(code)) checkCommand(page, code, complain);
    else checkPath(page, code, complain);
  }
  for (const [, target = ''] of line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : posix.join(path.startsWith('/') ? '' : posix.dirname(page), decodeURI(path));
    checked += 1;
    if (!existsSync(join(root, file))) complain(`the link ${target} leads nowhere`);
    else if (anchor && file.endsWith('.md') && !headings(file).has(anchor))
      complain(`${file} has no heading #${anchor}`);
  }
}

/**
 * @param {string} page
 * @param {string} code
 * @param {(what: string) => void} complain
 */
function checkPath(page, code, complain) {
  const path = code.replace(/:\d+(-\d+)?$/, '').replace(/#.*$/, '');
  if (!fileName.test(path) || generated.test(path)) return;
  const relative = path.startsWith('./') || path.startsWith('../');
  if (!relative && !topFolders.has(path.split('/')[0] ?? '') && !extension.test(path)) return;
  checked += 1;
  const places = [
    dirname(page),
    '',
    ...allRooms.map(({ folder }) => folder),
    ...allRooms.map(({ folder }) => `${folder}/src`),
  ];
  const found = places.some((place) => existsSync(join(root, place, path)));
  if (!found) complain(`there is no ${path}`);
}

/**
 * @param {string} page
 * @param {string} line one shell line
 * @param {(what: string) => void} complain
 */
function checkCommand(page, line, complain) {
  for (const part of line.replace(/\s#.*$/, '').split(/&&|\|\||;|\|/)) {
    const words = part
      .trim()
      .replace(/^(\w+=\S*\s+)+/, '')
      .split(/\s+/);
    const [command, ...args] = words;
    if (command === 'npm' || command === 'pnpm') checkScript(command, args, complain);
    if (command === 'node' || command === 'bash') {
      const script = args.find((word) => !word.startsWith('-'));
      if (script !== undefined && /^[\w./-]+$/.test(script)) {
        checked += 1;
        const places = ['', dirname(page), ...allRooms.map(({ folder }) => folder)];
        if (!places.some((place) => existsSync(join(root, place, script)))) complain(`there is no ${script} to run`);
      }
    }
  }
}

/**
 * @param {'npm' | 'pnpm'} command
 * @param {string[]} args
 * @param {(what: string) => void} complain
 */
function checkScript(command, args, complain) {
  let folder = '';
  const rest = [...args];
  const filter = rest.findIndex((word) => word === '--filter' || word === '-F' || word === '-C');
  if (filter >= 0) {
    const [, name = ''] = rest.splice(filter, 2);
    const room = allRooms.find((each) => each.manifest.name === name || each.folder === name.replace(/^\.\//, ''));
    if (room === undefined) {
      complain(`there is no room ${name}`);
      return;
    }
    folder = room.folder;
  }
  const words = rest.filter((word) => !word.startsWith('-'));
  const name = words[0] === 'run' ? words[1] : words[0];
  if (name === undefined || /[<[…]/.test(name)) return;
  checked += 1;
  if (name in (manifests.get(folder)?.scripts ?? {})) return;
  if (words[0] !== 'run' && (pnpmCommands.test(name) || (command === 'npm' && /^(install|ci|i)$/.test(name)))) return;
  const tool = join(root, folder, 'node_modules', '.bin', name);
  if (command === 'pnpm' && words[0] !== 'run' && existsSync(tool)) return;
  complain(`${folder === '' ? 'the root' : folder} has no script "${name}"`);
}

/**
 * @param {string} file
 * @returns {Set<string>} the anchors of a page, as code hosts make them
 */
function headings(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const titles = [...text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = '']) => title);
  const own = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id);
  const slugs = titles.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
  return new Set([...own, ...slugs, basename(file)]);
}
