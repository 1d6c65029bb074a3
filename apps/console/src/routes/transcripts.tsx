import { TranscriptsPage } from '../features/transcripts/transcripts-page.tsx';

export function TranscriptsRoute() {
  return <TranscriptsPage />;
}
