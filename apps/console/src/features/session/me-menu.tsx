import { useMsal } from '@azure/msal-react';
import { Menu, MenuDivider, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { KeyboardRegular, SettingsRegular, SignOutRegular } from '@fluentui/react-icons';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useRunCommand } from '../../commands/commands.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { HeaderChip } from '../../ui/header-chip.tsx';
import { firstName } from '../../words/people-words.ts';
import styles from './me-menu.module.css';

export function MeMenu() {
  const { instance } = useMsal();
  const desk = useDesk();
  const { me, client } = useSession();
  const navigate = useNavigate();
  const run = useRunCommand();
  const { client: slug = client.id } = useParams({ strict: false });

  async function signOut() {
    // Whoever has left must not be given conversations.
    await Promise.race([
      desk.setPresence('offline').catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 2_000)),
    ]);
    await desk.stop();
    await instance.logoutRedirect({ account: instance.getActiveAccount() });
  }

  return (
    <Menu positioning="below-end">
      <MenuTrigger disableButtonEnhancement>
        <HeaderChip>
          <span className={styles['full']}>{me.name}</span>
          <span className={styles['short']} title={me.name}>
            {firstName(me.name)}
          </span>
        </HeaderChip>
      </MenuTrigger>
      <MenuPopover>
        <div className={styles['who']}>
          <strong>{me.name}</strong>
          <span>
            {me.roles.join(', ')} · {client.name}
          </span>
        </div>
        <MenuList>
          <MenuItem
            icon={<SettingsRegular />}
            onClick={() => void navigate({ to: '/$client/settings', params: { client: slug } })}
          >
            Settings
          </MenuItem>
          <MenuItem icon={<KeyboardRegular />} secondaryContent="?" onClick={() => run('shortcuts')}>
            Keyboard shortcuts
          </MenuItem>
          <MenuDivider />
          <MenuItem icon={<SignOutRegular />} onClick={() => void signOut()}>
            Sign out
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
