import './theme/tokens.css';
import { mount } from './app.tsx';

mount(document.getElementById('root') as HTMLElement);
