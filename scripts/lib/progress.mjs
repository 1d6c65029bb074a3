/**
 * Shows that a long step is alive: one line that counts the seconds on a terminal, plain lines elsewhere.
 * @param {string} label what is being done, such as `Installing packages`
 */
export function progress(label) {
  const began = Date.now();
  const terminal = process.stdout.isTTY && process.env.CI === undefined;
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const draw = () => process.stdout.write(`\r\x1b[2K${label} … ${seconds()} s`);

  if (terminal) draw();
  else console.log(`${label} …`);
  const timer = setInterval(
    () => (terminal ? draw() : console.log(`${label} … still going after ${seconds()} s`)),
    terminal ? 1000 : 30_000,
  );

  const end = (/** @type {string} */ outcome) => {
    clearInterval(timer);
    if (terminal) process.stdout.write('\r\x1b[2K');
    if (terminal || seconds() >= 1) console.log(`${label}: ${outcome} (${seconds()} s)`);
  };
  return { done: () => end('done'), failed: () => end('failed') };
}
