import { resolve } from 'node:path';
import type { LaunchOptions } from 'puppeteer';

/*
 * puppeteer's own defaults, so that a browser can be started before puppeteer is loaded: that takes about as long
 * as the browser does until it answers. A test holds them against the puppeteer that is installed.
 */

const FLAGS = [
  '--allow-pre-commit-input',
  '--disable-background-networking',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-breakpad',
  '--disable-client-side-phishing-detection',
  '--disable-component-extensions-with-background-pages',
  '--disable-crash-reporter',
  '--disable-default-apps',
  '--disable-dev-shm-usage',
  '--disable-hang-monitor',
  '--disable-infobars',
  '--disable-ipc-flooding-protection',
  '--disable-popup-blocking',
  '--disable-prompt-on-repost',
  '--disable-renderer-backgrounding',
  '--disable-search-engine-choice-screen',
  '--disable-sync',
  '--enable-automation',
  '--export-tagged-pdf',
  '--force-color-profile=srgb',
  '--generate-pdf-document-outline',
  '--metrics-recording-only',
  '--no-first-run',
  '--password-store=basic',
  '--use-mock-keychain',
];

const DISABLED_FEATURES = [
  'Translate',
  'AcceptCHFrame',
  'MediaRouter',
  'OptimizationHints',
  'RenderDocument',
  'PartitionAllocSchedulerLoopQuarantineTaskControlledPurge',
  'ProcessPerSiteUpToMainFrameThreshold',
  'IsolateSandboxedIframes',
];

const ENABLED_FEATURES = ['PdfOopif'];

/**
 * The command line of a headless browser, as `puppeteer.defaultArgs` has it: the defaults, the profile, the mode,
 * an empty page, and last the launch's own flags. Lists of features among those join the defaults, because Chromium
 * heeds the last of such flags only.
 */
export function commandLine({ args = [], headless, userDataDir }: LaunchOptions): string[] {
  return [
    ...FLAGS,
    joined('--disable-features', DISABLED_FEATURES, args),
    joined('--enable-features', ENABLED_FEATURES, args),
    ...(userDataDir === undefined ? [] : [`--user-data-dir=${resolve(userDataDir)}`]),
    headless === 'shell' ? '--headless' : '--headless=new',
    '--hide-scrollbars',
    '--mute-audio',
    '--disable-extensions',
    'about:blank',
    ...args.filter((arg) => !/^--(?:disable|enable)-features=/.test(arg)),
  ];
}

function joined(flag: string, features: readonly string[], args: readonly string[]): string {
  const start = `${flag}=`;
  const given = args.filter((arg) => arg.startsWith(start)).map((arg) => arg.slice(start.length).trim());
  return `${start}${[...features, ...given.filter((list) => list !== '')].join(',')}`;
}
