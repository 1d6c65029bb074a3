import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { preferences } from './preferences/preferences.ts';
import { router } from './router.tsx';

export function mount(element: HTMLElement): void {
  // Before the first paint, so that a dark page does not begin with a white flash.
  const { theme } = preferences.getSnapshot();
  const dark = theme === 'dark' || (theme === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  createRoot(element).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}
