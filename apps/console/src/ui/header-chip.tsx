import { forwardRef, type ComponentPropsWithoutRef } from 'react';
import styles from './header-chip.module.css';

/** A rounded button of the header. */
export const HeaderChip = forwardRef<HTMLButtonElement, ComponentPropsWithoutRef<'button'>>(function HeaderChip(
  { className, ...rest },
  ref,
) {
  return <button ref={ref} type="button" className={`${styles['chip']} ${className ?? ''}`} {...rest} />;
});
