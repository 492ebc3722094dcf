import { readFile } from 'node:fs/promises';

/** With the version of puppeteer that this project pins; needs the host that Google serves browsers from. */
const PUPPETEER_INSTALL = 'npx puppeteer browsers install chrome-headless-shell';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly root: boolean;
  /** The text of /etc/os-release, empty where there is none. */
  readonly osRelease: string;
}

/** The command that installs a browser on this machine. */
export async function installCommand(): Promise<string> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const { platform, arch } = process;
  return installCommandFor({ platform, arch, root: process.getuid?.() === 0, osRelease });
}

/** The command that installs a browser on a machine like `machine`: its package manager's where it has a browser. */
export function installCommandFor({ platform, arch, root, osRelease }: Machine): string {
  if (platform !== 'linux') return PUPPETEER_INSTALL;
  const sudo = root ? '' : 'sudo ';
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  const names = `${field('ID')} ${field('ID_LIKE')}`.split(/\s+/);
  // Before Debian, which it says it is like: Ubuntu's own archive has Chromium as a snap only.
  if (names.includes('ubuntu')) {
    return arch === 'x64' ? PUPPETEER_INSTALL : `${sudo}snap install chromium`;
  }
  if (names.includes('debian')) return `${sudo}apt-get install -y chromium-headless-shell`;
  if (names.includes('alpine')) return `${root ? '' : 'doas '}apk add chromium`;
  if (names.includes('fedora')) return `${sudo}dnf install -y chromium-headless`;
  if (names.includes('arch')) return `${sudo}pacman -S chromium`;
  if (names.some((name) => name.includes('suse'))) return `${sudo}zypper install chromium`;
  return PUPPETEER_INSTALL;
}
