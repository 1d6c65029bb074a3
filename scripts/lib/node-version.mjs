// Kept to syntax that very old versions of Node can parse: this file exists to speak to them.
export function requireNode20() {
  var major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return;
  console.error(
    'Parley needs Node 20 or newer, and this is Node ' +
      process.versions.node +
      ': install a current Node, then try again.',
  );
  process.exit(1);
}
