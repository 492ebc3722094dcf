import { formatPhone } from './format.js';
import { hasWords, t } from './i18n.js';

/** @import { Account } from '../../../../session/driver.ts' */

/**
 * Who is connected, in words.
 * @param {Account} account
 * @returns {{ initial: string, name: string, line: string }}
 */
export function accountWords({ name, phone, platform }) {
  const number = formatPhone(phone);
  const key = `platform.${platform.toLowerCase()}`;
  const on = platform === '' ? '' : t('account.platform', { platform: hasWords(key) ? t(key) : platform });
  const parts = name === '' ? [on] : [number, on];
  return {
    initial: [...(name === '' ? '#' : name)][0]?.toUpperCase() ?? '#',
    name: name === '' ? number : name,
    line: parts.filter((word) => word !== '').join(' · '),
  };
}
