import { Link } from '@tanstack/react-router';
import { Door } from '../ui/door.tsx';

export function NotFoundPage() {
  return (
    <Door title="There is no such page">
      <p>
        The address may be mistyped. <Link to="/">Choose your organisation</Link> to get to its desk.
      </p>
    </Door>
  );
}
