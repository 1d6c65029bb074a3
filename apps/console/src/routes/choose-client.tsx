import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { Door } from '../ui/door.tsx';

const slug = /^[a-z][a-z0-9-]{1,30}$/;
const lastKey = 'parley.client';

/** The front door: people type their organisation's name. There is no list of clients to look through. */
export function ChooseClientPage() {
  const navigate = useNavigate();
  const [name, setName] = useState(() => localStorage.getItem(lastKey) ?? '');
  const [problem, setProblem] = useState<string>();

  function enter(event: FormEvent) {
    event.preventDefault();
    const client = name.trim().toLowerCase();
    if (!slug.test(client)) {
      setProblem(
        client === ''
          ? 'Type your organisation’s short name.'
          : 'A short name has letters, digits and hyphens only, like “contoso”.',
      );
      return;
    }
    localStorage.setItem(lastKey, client);
    void navigate({ to: '/$client', params: { client } });
  }

  return (
    <Door title="Open your desk">
      <p>Type the short name of your organisation, as in the address your administrator gave you.</p>
      <form onSubmit={enter} noValidate>
        <label htmlFor="client">Organisation</label>
        <input
          id="client"
          name="organization"
          autoComplete="organization"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          value={name}
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : 'client-problem'}
          onChange={(event) => {
            setName(event.target.value);
            setProblem(undefined);
          }}
        />
        {problem !== undefined && (
          <p id="client-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit">Continue</button>
      </form>
    </Door>
  );
}
