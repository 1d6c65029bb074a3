import { LivePage } from '../features/live/live-page.tsx';

export function LiveRoute() {
  return <LivePage />;
}
