import { useColleagues } from '../../desk/hooks.ts';
import { PresenceDot } from '../../ui/presence-dot.tsx';
import styles from './strips.module.css';

/** Who is here and how much they hold; a press shows only what is theirs. */
export function PeopleStrip({ chosen, onChoose }: { chosen: string | undefined; onChoose: (person: string) => void }) {
  const people = useColleagues();
  if (people.length === 0) return null;
  return (
    <ul className={styles['people']} aria-label="People">
      {people.map(({ person, state, load, capacity, reason }) => (
        <li key={person.id}>
          <button
            type="button"
            className={styles['person']}
            aria-pressed={person.id === chosen}
            title={reason}
            onClick={() => onChoose(person.id)}
          >
            <PresenceDot state={state} />
            <span>{person.name}</span>
            <small>
              {state === 'available' ? (load >= capacity ? 'full' : 'available') : state} · {load} of {capacity}
            </small>
          </button>
        </li>
      ))}
    </ul>
  );
}
