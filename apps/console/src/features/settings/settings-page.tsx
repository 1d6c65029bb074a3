import { Button, Field, Radio, RadioGroup, Switch } from '@fluentui/react-components';
import { useState, type ReactNode } from 'react';
import { setPreference, type Preferences } from '../../preferences/preferences.ts';
import { usePreferences } from '../../preferences/use-preferences.ts';
import { beep, soundState } from '../../ui/beep.ts';
import styles from './settings-page.module.css';

/** What a person likes, on this browser. */
export function SettingsPage() {
  const likes = usePreferences();
  return (
    <main className={styles['page']}>
      <div className={styles['column']}>
        <h1>Settings</h1>
        <p className={styles['lead']}>They hold for you, in this browser.</p>
        <Card title="Look">
          <Field label="Theme">
            <RadioGroup
              layout="horizontal"
              value={likes.theme}
              onChange={(_, { value }) => setPreference('theme', value as Preferences['theme'])}
            >
              <Radio value="system" label="As the system" />
              <Radio value="light" label="Light" />
              <Radio value="dark" label="Dark" />
            </RadioGroup>
          </Field>
        </Card>
        <Card title="Writing">
          <Field label="Send with">
            <RadioGroup
              value={likes.send}
              onChange={(_, { value }) => setPreference('send', value as Preferences['send'])}
            >
              <Radio value="enter" label="Enter; Shift Enter breaks the line" />
              <Radio value="ctrl-enter" label="Ctrl Enter; Enter breaks the line" />
            </RadioGroup>
          </Field>
        </Card>
        <Card title="Keyboard">
          <Switch
            checked={likes.letters}
            onChange={(_, { checked }) => setPreference('letters', checked)}
            label="Single letters act outside text fields (A accept, R reply, N note …)"
          />
          <p className={styles['hint']}>Press ? for all keys. Every action is also in Search or do, Ctrl K.</p>
        </Card>
        <Card title="Being called">
          <Sound on={likes.sound} />
          <Desktop on={likes.desktop} />
        </Card>
      </div>
    </main>
  );
}

function Sound({ on }: { on: boolean }) {
  const [state, setState] = useState(soundState);
  return (
    <div className={styles['line']}>
      <Switch
        checked={on}
        onChange={(_, { checked }) => setPreference('sound', checked)}
        label="Sound for offers and new messages"
      />
      <Button
        onClick={() => {
          beep('offer');
          setState(soundState());
        }}
      >
        Test
      </Button>
      <span className={styles['hint']}>
        {state === 'ready'
          ? 'The browser lets this page sound.'
          : state === 'blocked'
            ? 'The browser lets it sound after your first click.'
            : 'This browser has no sound.'}
      </span>
    </div>
  );
}

function Desktop({ on }: { on: boolean }) {
  const known = typeof Notification === 'undefined' ? 'none' : Notification.permission;
  const [permission, setPermission] = useState<NotificationPermission | 'none'>(known);
  async function change(wanted: boolean) {
    if (wanted && permission === 'default') setPermission(await Notification.requestPermission());
    setPreference('desktop', wanted && typeof Notification !== 'undefined' && Notification.permission === 'granted');
  }
  const state = {
    none: 'This browser has no notifications.',
    default: 'The browser will ask you once.',
    granted: 'The browser allows them.',
    denied: 'The browser blocks them for this page; change it in the browser’s settings of this site.',
  }[permission];
  return (
    <div className={styles['line']}>
      <Switch
        checked={on && permission === 'granted'}
        disabled={permission === 'none' || permission === 'denied'}
        onChange={(_, { checked }) => void change(checked)}
        label="Desktop notifications while you look elsewhere"
      />
      <Button
        disabled={permission !== 'granted' || !on}
        onClick={() => void new Notification('Parley', { body: 'This is how an offer calls you.', icon: '/icon.svg' })}
      >
        Test
      </Button>
      <span className={styles['hint']}>{state}</span>
    </div>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles['card']}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
