import { hueOf, initialsOf } from './initials.ts';

/** A person's initials, or the assistant's sign. It adds nothing for those who listen: the name is said beside it. */
export function Avatar({ name, size }: { name: string | undefined; size: number }) {
  const style = {
    width: size,
    height: size,
    fontSize: size * 0.4,
    ...(name !== undefined && { background: `hsl(${hueOf(name)} 45% 34%)` }),
  };
  return (
    <span className={name === undefined ? 'avatar bot' : 'avatar'} style={style} aria-hidden="true">
      {name === undefined ? (
        <svg viewBox="0 0 24 24">
          <path d="M12 4v3M6 8h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM9 12.5v1.5M15 12.5v1.5" />
        </svg>
      ) : (
        initialsOf(name)
      )}
    </span>
  );
}
