import { Link } from '@tanstack/react-router';
import { Door } from '../ui/door.tsx';

export function SignedOutPage() {
  const client = localStorage.getItem('parley.client');
  return (
    <Door title="You are signed out">
      <p>Unsent messages and drafts stay in this browser until you come back.</p>
      <p>{client === null ? <Link to="/">Open a desk</Link> : <a href={`/${client}`}>Sign in to {client} again</a>}</p>
    </Door>
  );
}
