import { readDialogues } from './dialogues.ts';
import { readOptions, usage, UsageError, type Options } from './options.ts';
import { replay, type Reporter, type Summary } from './replay.ts';

/** @returns the exit code */
async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return 0;
  }
  let options: Options;
  let file: Awaited<ReturnType<typeof readDialogues>>;
  try {
    options = readOptions(process.argv.slice(2));
    file = await readDialogues(options.file, options.limit);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort(new Error(signal)));

  const { dialogues, wordless } = file;
  const reporter = createReporter();
  if (wordless > 0) reporter.say(`${wordless} turns have no words; nobody can say nothing, so they are left out.`);
  const summary = await replay(dialogues, options, reporter, stop.signal);
  reporter.say(inWords(summary));
  if (stop.signal.aborted) return 130;
  return summary.equal === dialogues.length && summary.lost + summary.duplicated === 0 ? 0 : 1;
}

function inWords({ seconds, ...counts }: Summary): string {
  return [...Object.entries(counts).map(([name, count]) => `${name}=${count}`), `seconds=${seconds.toFixed(1)}`].join(
    ' ',
  );
}

/** On a terminal one line that counts; elsewhere a line now and then. */
function createReporter(): Reporter {
  const live = process.stdout.isTTY;
  let next = 0;
  let open = false;
  return {
    progress(what, done, of) {
      if (performance.now() < next && done < of) return;
      next = performance.now() + (live ? 200 : 5_000);
      process.stdout.write(live ? `\r\u001B[K${what} ${done} of ${of}` : `${what} ${done} of ${of}\n`);
      open = live;
    },
    say(line) {
      console.log(open ? `\r\u001B[K${line}` : line);
      open = false;
    },
  };
}

process.exitCode = await main();
