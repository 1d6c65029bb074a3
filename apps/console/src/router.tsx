import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { liveSearchOf } from './features/live/live-search.ts';
import { transcriptSearchOf } from './features/transcripts/transcript-search.ts';
import { NotFoundPage } from './routes/not-found.tsx';
import { ChooseClientPage } from './routes/choose-client.tsx';
import { Waiting } from './ui/waiting.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage });

const choose = createRoute({ getParentRoute: () => root, path: '/', component: ChooseClientPage });

const signedOut = createRoute({
  getParentRoute: () => root,
  path: '/signed-out',
  component: lazyRouteComponent(() => import('./routes/signed-out.tsx'), 'SignedOutPage'),
});

/** Everything behind sign-in; MSAL, Fluent and the desk's client come with it. */
const client = createRoute({
  getParentRoute: () => root,
  path: '/$client',
  component: lazyRouteComponent(() => import('./routes/client.tsx'), 'ClientPage'),
});

const desk = createRoute({
  getParentRoute: () => client,
  id: 'desk',
  component: lazyRouteComponent(() => import('./routes/desk.tsx'), 'DeskPage'),
});
const deskIndex = createRoute({ getParentRoute: () => desk, path: '/' });
const conversation = createRoute({ getParentRoute: () => desk, path: '/c/$conversation' });

const live = createRoute({
  getParentRoute: () => client,
  path: '/live',
  validateSearch: liveSearchOf,
  component: lazyRouteComponent(() => import('./routes/live.tsx'), 'LiveRoute'),
});
const transcripts = createRoute({
  getParentRoute: () => client,
  path: '/transcripts',
  validateSearch: transcriptSearchOf,
  component: lazyRouteComponent(() => import('./routes/transcripts.tsx'), 'TranscriptsRoute'),
});
const settings = createRoute({
  getParentRoute: () => client,
  path: '/settings',
  component: lazyRouteComponent(() => import('./routes/settings.tsx'), 'SettingsRoute'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    choose,
    signedOut,
    client.addChildren([desk.addChildren([deskIndex, conversation]), live, transcripts, settings]),
  ]),
  defaultPendingComponent: () => <Waiting what="the page" />,
  defaultPendingMs: 300,
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
