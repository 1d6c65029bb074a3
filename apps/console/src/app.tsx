import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { preferences } from './preferences/preferences.ts';
import { useThemeMode } from './preferences/use-preferences.ts';
import { router } from './router.tsx';

export function mount(element: HTMLElement): void {
  // Before the first paint, so that a dark page does not begin with a white flash.
  const { theme } = preferences.getSnapshot();
  const dark = theme === 'dark' || (theme === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  createRoot(element).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

function App() {
  // Here, so that the pages in front of the desk follow the system too.
  useThemeMode();
  return <RouterProvider router={router} />;
}
