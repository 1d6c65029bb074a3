import { MsalProvider } from '@azure/msal-react';
import { createDesk, type Desk, type DeskError } from '@parley/client';
import type { SignIn } from '@parley/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { DeskContext, SessionContext } from '../../desk/desk-context.ts';
import { useReadable } from '../../desk/hooks.ts';
import { Door } from '../../ui/door.tsx';
import { Waiting } from '../../ui/waiting.tsx';
import { sentence } from '../../words/sentence.ts';
import { browserStorage } from './browser-storage.ts';
import { createTokens, enter, fetchSignIn, type Entrance, type Tokens } from './sign-in.ts';
import { useRenewal } from './use-renewal.ts';
import { wakeWithThePage } from './wake-up.ts';

type GateProps = { client: string; children: (tokens: Tokens) => ReactNode };

/** Lets in who is signed in to this client, with a desk that is kept in step; everybody else is sent to sign in. */
export function SessionGate({ client, children }: GateProps) {
  const signIn = useQuery<SignIn, DeskError>({
    queryKey: ['sign-in', client],
    queryFn: ({ signal }) => fetchSignIn(client, signal),
    staleTime: Infinity,
    retry: (count, error) => error.code !== 'not-found' && error.code !== 'validation' && count < 5,
  });

  if (signIn.isError) {
    const unknown = signIn.error.code === 'not-found' || signIn.error.code === 'validation';
    return (
      <Door title={unknown ? `There is no desk called “${client}”` : 'The desk cannot be reached'}>
        <p>{unknown ? 'Check the name for a typing error.' : sentence(signIn.error)}</p>
        {unknown ? (
          <Link to="/">Type another name</Link>
        ) : (
          <button onClick={() => void signIn.refetch()}>Try again</button>
        )}
      </Door>
    );
  }
  if (signIn.data === undefined) return <Waiting what="the sign-in" onRetry={() => void signIn.refetch()} />;
  return (
    <EntranceGate key={client} signIn={signIn.data}>
      {children}
    </EntranceGate>
  );
}

function EntranceGate({ signIn, children }: { signIn: SignIn; children: GateProps['children'] }) {
  const [entrance, setEntrance] = useState<Entrance>();
  useEffect(() => {
    let current = true;
    void entranceOf(signIn).then((next) => {
      if (current) setEntrance(next);
    });
    return () => {
      current = false;
    };
  }, [signIn]);

  if (entrance === undefined || entrance.state === 'leaving') return <Waiting what="your sign-in" />;
  if (entrance.state === 'refused') {
    return (
      <Door title={`Sign in to ${signIn.client.name}`}>
        <p role="alert">{entrance.why}</p>
        <button onClick={() => void entrance.app.loginRedirect({ scopes: signIn.scopes, prompt: 'select_account' })}>
          Sign in
        </button>
      </Door>
    );
  }
  return (
    <MsalProvider instance={entrance.app}>
      <DeskGate signIn={signIn} entrance={entrance}>
        {children}
      </DeskGate>
    </MsalProvider>
  );
}

/** MSAL takes a redirect's answer once; whoever asks again while it does gets the same entrance. */
const entrances = new Map<string, Promise<Entrance>>();

function entranceOf(signIn: SignIn): Promise<Entrance> {
  let entrance = entrances.get(signIn.client.id);
  if (entrance === undefined) {
    entrance = enter(signIn);
    entrances.set(signIn.client.id, entrance);
  }
  return entrance;
}

function DeskGate({
  signIn,
  entrance,
  children,
}: {
  signIn: SignIn;
  entrance: Extract<Entrance, { state: 'in' }>;
  children: GateProps['children'];
}) {
  const [opened, setOpened] = useState<{ desk: Desk; tokens: Tokens }>();
  useEffect(() => {
    const tokens = createTokens(entrance.app, entrance.account, signIn.scopes);
    const desk = createDesk({
      url: '',
      token: tokens.source,
      storage: browserStorage(signIn.client.id, entrance.account.localAccountId),
    });
    desk.start();
    setOpened({ desk, tokens });
    const sleep = wakeWithThePage(desk);
    return () => {
      sleep();
      void desk.stop();
    };
  }, [signIn, entrance]);

  if (opened === undefined) return <Waiting what="the desk" />;
  return (
    <DeskContext value={opened.desk}>
      <LoadedSession tokens={opened.tokens} desk={opened.desk} clientName={signIn.client.name}>
        {children}
      </LoadedSession>
    </DeskContext>
  );
}

function LoadedSession({
  desk,
  tokens,
  clientName,
  children,
}: {
  desk: Desk;
  tokens: Tokens;
  clientName: string;
  children: GateProps['children'];
}) {
  const { session, problem } = useReadable(desk.session);
  const signInNeeded = useReadable(tokens.needed);
  const renewal = useRenewal(tokens, desk);
  if (session !== undefined) return <SessionContext value={session}>{children(tokens)}</SessionContext>;
  if (signInNeeded) {
    return (
      <Door title={`Sign in to ${clientName}`}>
        <p role="status">{renewal.problem ?? 'Your last sign-in has expired.'}</p>
        <button disabled={renewal.busy} onClick={() => void renewal.renew()}>
          {renewal.button}
        </button>
      </Door>
    );
  }
  if (problem !== undefined && !problem.transient) {
    return (
      <Door title="You are signed in, but this desk does not let you in">
        <p role="alert">
          {problem.code === 'forbidden'
            ? 'You have no role at this desk. Ask your administrator to make you a Consultant or Supervisor.'
            : sentence(problem)}
        </p>
        <button onClick={() => desk.wake()}>Try again</button>
      </Door>
    );
  }
  return <Waiting what={`the desk of ${clientName}`} why={problem && sentence(problem)} onRetry={() => desk.wake()} />;
}
