import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const desk = 'http://localhost:4300';

export default defineConfig({
  plugins: [react()],
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      '/v1': { target: desk },
      '/hub': { target: desk, ws: true },
    },
  },
  build: {
    // The desk's content security policy allows no inline script and no data: font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: { input: ['index.html', 'auth.html'] },
    chunkSizeWarningLimit: 900,
  },
});
