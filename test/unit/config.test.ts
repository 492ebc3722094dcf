import express from 'express';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigError, environmentSchema, readConfig } from '../../src/config.ts';

type Environment = Record<string, string | undefined>;

/** The problems of an environment, as `NAME: what was expected`; none when it is good. */
function problemsOf(environment: Environment): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems.map(({ name, message }) => `${name}: ${message}`);
  }
}

describe('readConfig', () => {
  it('configuration, nothing set, has the documented defaults and cannot be changed', () => {
    const config = readConfig({});
    expect(config).toEqual({
      port: 3000,
      host: '0.0.0.0',
      sessionPath: '.wwebjs_auth',
      clientId: 'whatsapp-client',
      autoConnect: true,
      browserPath: undefined,
      chromiumArgs: [],
      apiKey: undefined,
      corsOrigins: [],
      trustProxy: false,
      logLevel: 'info',
      dataPath: './data',
      sendRatePerMinute: 60,
      sendTyping: false,
      queueLimit: 10_000,
      mediaMaxBytes: 67_108_864,
      mediaUrlAllow: [],
      retentionDays: 30,
      webhook: null,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
  });

  it('configuration, everything empty or blank, is the same as nothing set', () => {
    const names = Object.keys(environmentSchema.shape);
    for (const blank of ['', '   ', '\t']) {
      expect(readConfig(Object.fromEntries(names.map((name) => [name, blank])))).toEqual(readConfig({}));
    }
  });

  it('configuration, everything set, is read with its types', () => {
    const config = readConfig({
      PORT: ' 8080 ',
      HOST: '127.0.0.1',
      WHATSAPP_SESSION_PATH: '/volume1/docker/my folder',
      WHATSAPP_CLIENT_ID: 'shop_2-B',
      WHATSAPP_AUTO_CONNECT: 'false',
      PUPPETEER_EXECUTABLE_PATH: '/usr/bin/chromium',
      CHROMIUM_ARGS: `--no-sandbox --user-agent="a b" --proxy-server='http://p:1'`,
      API_KEY: '0123456789abcdef',
      CORS_ORIGINS: 'https://a.example, http://b.example:8080,',
      TRUST_PROXY: '1',
      LOG_LEVEL: 'debug',
      PATH: '/bin',
    });
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      sessionPath: '/volume1/docker/my folder',
      clientId: 'shop_2-B',
      autoConnect: false,
      browserPath: '/usr/bin/chromium',
      chromiumArgs: ['--no-sandbox', '--user-agent=a b', '--proxy-server=http://p:1'],
      corsOrigins: ['https://a.example', 'http://b.example:8080'],
      trustProxy: 1,
      logLevel: 'debug',
    });
    expect(config.apiKey?.reveal()).toBe('0123456789abcdef');
  });

  it('WHATSAPP_AUTO_CONNECT, the usual words, are understood', () => {
    for (const [word, value] of [
      ['true', true],
      ['TRUE', true],
      ['1', true],
      ['yes', true],
      ['on', true],
      ['false', false],
      ['False', false],
      ['0', false],
      ['no', false],
      ['off', false],
    ] as const) {
      expect([word, readConfig({ WHATSAPP_AUTO_CONNECT: word }).autoConnect]).toEqual([word, value]);
    }
  });

  it('bad values, one variable at a time, are named with what was expected and never repeated', () => {
    const bad: Record<string, string[]> = {
      PORT: ['abc', '-1', '65536', '1.5', '0x50', '99999999', '3000;'],
      WHATSAPP_SESSION_PATH: ['/a\0b', '~/wa', '~anna/wa'],
      DATA_PATH: ['/a\0b', '~/data'],
      WHATSAPP_CLIENT_ID: ['a b', '../x', 'é', 'x'.repeat(65)],
      WHATSAPP_AUTO_CONNECT: ['maybe', '2'],
      CHROMIUM_ARGS: [
        'no-dashes',
        '--a; rm -rf /',
        '--a | b',
        '-x',
        '--a # comment',
        '$(id)',
        '${}',
        '--a=${',
      ],
      API_KEY: ['tooshort', 'with a space in it', 'ключ-ключ-ключ-ключ'],
      CORS_ORIGINS: ['*', 'a.example', 'https://a.example/', 'https://a.example b', 'file:///x', 'null'],
      TRUST_PROXY: [
        'maybe',
        '300.1.1.1',
        '1:2:3',
        '10.0.0.0/33',
        '10.0.0.0/0',
        'loopback,',
        '-1',
        '10.0.0.1 10.0.0.2',
      ],
      MEDIA_URL_ALLOW: ['nas:8080', 'http://nas', '10.0.0.0/33', 'a b', '*.local'],
      LOG_LEVEL: ['verbose', 'INFO!'],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        const problems = problemsOf({ [name]: value });
        expect([name, value, problems.length > 0]).toEqual([name, value, true]);
        for (const problem of problems) {
          expect(problem).toMatch(new RegExp(`^${name}: expected `));
          expect(problem).not.toContain(value);
        }
      }
    }
  });

  it.each(['0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'nas-1.local', 'nas_box', '4u.example'])(
    'HOST %s, is taken',
    (host) => {
      expect(readConfig({ HOST: host }).host).toBe(host);
    },
  );

  it.each(['not a host', '999.1.1.1', '127.0.0', 'http://nas', 'nas:3000', '-nas', 'nas.', 'n'.repeat(254)])(
    'HOST %s, is refused',
    (host) => {
      expect(problemsOf({ HOST: host })).toEqual([expect.stringMatching(/^HOST: expected an IP address/)]);
    },
  );

  it('bad values, many variables, are all named at once', () => {
    const problems = problemsOf({
      PORT: 'x',
      API_KEY: 'short',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'maybe',
      HOST: 'ok',
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'PORT',
      'API_KEY',
      'TRUST_PROXY',
      'LOG_LEVEL',
    ]);
  });

  it('ConfigError, printed, has one line for each problem', () => {
    expect(() => readConfig({ PORT: 'x', LOG_LEVEL: 'loud' })).toThrow(
      'PORT: expected a port number from 0 to 65535\nLOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent',
    );
  });

  it('MEDIA_URL_ALLOW, host names in any case and ranges, as an address is compared with them', () => {
    const given = ' NAS.local, 192.168.0.0/16,::1, fd00::/8,0.0.0.0/0 ';
    expect(readConfig({ MEDIA_URL_ALLOW: given }).mediaUrlAllow).toEqual([
      'nas.local',
      '192.168.0.0/16',
      '::1',
      'fd00::/8',
      '0.0.0.0/0',
    ]);
  });

  it('TRUST_PROXY, whatever is accepted, is accepted by Express too', () => {
    const good = [
      'true',
      'FALSE',
      '0',
      '2',
      'loopback',
      'loopback, 10.0.0.1',
      '10.0.0.0/8,fd00::/8',
      '::1',
      'uniquelocal',
    ];
    const accepts = (value: string) =>
      express().set('trust proxy', readConfig({ TRUST_PROXY: value }).trustProxy);
    for (const value of good) expect(() => accepts(value)).not.toThrow();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV4Extended(),
          fc.ipV6(),
          fc.stringMatching(/^[\da-f.:/, ]{1,20}$/),
          fc.string(),
        ),
        fc.option(fc.integer({ min: -1, max: 130 }), { nil: null }),
        (address, prefix) => {
          const value = prefix === null ? address : `${address}/${prefix}`;
          if (problemsOf({ TRUST_PROXY: value }).length === 0) expect(() => accepts(value)).not.toThrow();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('any environment at all, read, gives a configuration or a ConfigError', () => {
    const names = Object.keys(environmentSchema.shape);
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, '__proto__', 'HOME'), fc.string()),
        (environment) => {
          problemsOf(environment);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('API_KEY, wherever the configuration is printed, does not show', () => {
    const config = readConfig({ API_KEY: 'a-very-secret-key-indeed' });
    expect(JSON.stringify(config)).not.toContain('very-secret');
    expect(`${String(config.apiKey)} ${config.apiKey?.toString() ?? ''}`).not.toContain('very-secret');
  });
});
