import { expect, test } from 'vitest';
import { installCommandFor } from '../../src/whatsapp/browser-help.ts';

const linux = { platform: 'linux', arch: 'x64', root: false } as const;
const puppeteerInstall = 'npx puppeteer browsers install chrome-headless-shell';

test.each([
  ['Debian', 'ID=debian\nVERSION_ID="12"', 'sudo apt-get install -y chromium-headless-shell'],
  ['a derivative', 'ID=raspbian\nID_LIKE=debian', 'sudo apt-get install -y chromium-headless-shell'],
  // Its chromium packages are doors to a snap.
  ['Ubuntu', 'ID=ubuntu\nID_LIKE=debian', puppeteerInstall],
  ['a derivative of Ubuntu', 'ID=linuxmint\nID_LIKE="ubuntu debian"', puppeteerInstall],
  ['Alpine', 'ID=alpine', 'doas apk add chromium'],
  ['Fedora', 'ID=fedora', 'sudo dnf install -y chromium-headless'],
  ['Arch', 'ID=arch', 'sudo pacman -S chromium'],
  ['openSUSE', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"', 'sudo zypper install chromium'],
  ['an unknown one', 'ID=plan9', puppeteerInstall],
  ['none known', '', puppeteerInstall],
])('install command, %s, what its package manager wants typed', (_name, osRelease, expected) => {
  expect(installCommandFor({ ...linux, osRelease })).toBe(expected);
});

test('install command, root, no sudo', () => {
  expect(installCommandFor({ ...linux, root: true, osRelease: 'ID=debian' })).toBe(
    'apt-get install -y chromium-headless-shell',
  );
  expect(installCommandFor({ ...linux, root: true, osRelease: 'ID=alpine' })).toBe('apk add chromium');
});

test('install command, Ubuntu on arm64 where puppeteer has nothing to fetch, the snap', () => {
  expect(installCommandFor({ ...linux, arch: 'arm64', osRelease: 'ID=ubuntu' })).toBe(
    'sudo snap install chromium',
  );
});

test('install command, macOS, puppeteer fetches one', () => {
  expect(installCommandFor({ platform: 'darwin', arch: 'arm64', root: false, osRelease: '' })).toBe(
    puppeteerInstall,
  );
});
