// Proves the wall table with dependency-cruiser, and that it really looked at every source file.
import { extname } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { filesBelow } from './lib/files.mjs';
import { root } from './lib/paths.mjs';
import { forbidden } from './walls.config.mjs';

const sources = ['apps', 'packages', 'e2e']
  .flatMap(filesBelow)
  .filter((path) => ['.ts', '.tsx'].includes(extname(path)));
process.chdir(root);
const { output } = await cruise(sources, {
  ruleSet: { forbidden },
  validate: true,
  tsPreCompilationDeps: true,
  combinedDependencies: false,
  doNotFollow: { path: 'node_modules|\\.d\\.ts$' },
  exclude: { path: '(^|/)dist/' },
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
});
if (typeof output === 'string') throw new Error('dependency-cruiser gave text where its result was asked for');

// A parser that cannot read TypeScript finds no import and so no violation: that must not look like success.
const seen = new Set(output.modules.map(({ source }) => source));
const unseen = sources.filter((path) => !seen.has(path));
const importing = output.modules.filter(
  ({ source, dependencies }) => sources.includes(source) && dependencies.length > 0,
);
const blind = unseen.length > 0 || (sources.length > 30 && importing.length < sources.length / 3);
const { violations } = output.summary;
for (const path of unseen) console.log(`${path} was not read`);
if (blind)
  console.log(`Of ${sources.length} files only ${importing.length} were seen to import anything: the check is blind.`);
for (const { rule, from, to } of violations) console.log(`${from} → ${to}\n  against: ${rule.name}`);
if (blind || violations.length > 0) process.exitCode = 1;
else console.log(`${sources.length} files, ${output.summary.totalDependenciesCruised ?? 0} imports`);
