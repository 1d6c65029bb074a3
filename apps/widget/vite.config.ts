import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build, defineConfig } from 'vite';
import type { Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The loader is a program of its own: one file, no imports, old-style script. It is built beside the page, and on each request while developing. */
function loader(): Plugin {
  let outDir = '';
  const bundle = (write: boolean) =>
    build({
      configFile: false,
      logLevel: 'warn',
      build: {
        target: 'es2022',
        emptyOutDir: false,
        outDir,
        write,
        lib: {
          entry: here('src/loader/parley.ts'),
          formats: ['iife'],
          name: 'ParleyLoader',
          fileName: () => 'parley.js',
        },
      },
    });
  return {
    name: 'parley-loader',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      if (this.environment.mode === 'build') await bundle(true);
    },
    configureServer(server) {
      server.middlewares.use('/widget/parley.js', (_request, response, next) => {
        bundle(false).then((result) => {
          const [output] = [result].flat();
          const chunk = output && 'output' in output ? output.output[0] : undefined;
          response.setHeader('content-type', 'text/javascript');
          response.end(chunk?.code);
        }, next);
      });
    },
  };
}

export default defineConfig(({ command }) => ({
  root: here('.'),
  // Relative when built, so that any path may serve the folder.
  base: command === 'build' ? './' : '/widget/',
  plugins: [react(), loader()],
  resolve: {
    alias: [
      // Web Chat's Markdown reaches for Node's module of this name.
      { find: /^punycode$/, replacement: 'punycode/punycode.es6.js' },
      { find: /^p-defer-es5$/, replacement: here('src/shims/defer.ts') },
      { find: /^markdown-it-attrs-es5$/, replacement: 'markdown-it-attrs' },
      { find: /^botframework-directlinespeech-sdk$/, replacement: here('src/shims/no-speech.ts') },
    ],
  },
  build: {
    target: 'es2022',
    outDir: 'dist',
    chunkSizeWarningLimit: 4_000,
    rollupOptions: { input: here('chat.html') },
  },
  server: { port: 4310, strictPort: true },
}));
