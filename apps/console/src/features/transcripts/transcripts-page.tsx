export function TranscriptsPage() {
  return <h1>Transcripts</h1>;
}
