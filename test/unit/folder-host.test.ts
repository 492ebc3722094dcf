import { mkdtemp, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  idsAreMapped,
  idsOf,
  namesOf,
  overridesPermissions,
  readHost,
  type HostFiles,
} from '../../src/session/folder-host.ts';
import { removeFolder } from '../support/remove-folder.ts';

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'folder-host-'));
});

afterEach(async () => {
  await removeFolder(place);
});

async function files(contents: Partial<Record<string, string>> = {}): Promise<HostFiles> {
  for (const [name, text = ''] of Object.entries(contents)) await writeFile(join(place, name), text);
  return {
    mountInfo: join(place, 'mountinfo'),
    status: join(place, 'status'),
    uidMap: join(place, 'uid_map'),
    passwd: join(place, 'passwd'),
    group: join(place, 'group'),
    containerMarks: [join(place, 'mark'), join(place, 'other-mark')],
  };
}

describe('readHost', () => {
  test('host, this machine, has the ids of this process', async () => {
    expect(await readHost()).toMatchObject({
      uid: process.geteuid!(),
      gid: process.getegid!(),
      groups: process.getgroups!(),
      hostname: hostname(),
    });
  });

  test('host, nothing can be read, has defaults and does not throw', async () => {
    expect(await readHost(await files(), {})).toMatchObject({
      mounts: [],
      inContainer: false,
      overridesPermissions: process.geteuid!() === 0,
      idsAreMapped: false,
      users: new Map(),
      groupNames: new Map(),
    });
  });

  test('host, files of the system, are read', async () => {
    const found = await readHost(
      await files({
        mountinfo: '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
        status: 'Name:\tnode\nCapEff:\t0000000000000002\n',
        uid_map: '         0     100000      65536\n',
        passwd: 'root:x:0:0:root:/root:/bin/sh\nadmin:x:1026:100::/:/bin/sh\n',
        group: 'root:x:0:\nusers:x:100:\n',
      }),
      {},
    );
    expect(found).toMatchObject({ inContainer: false, overridesPermissions: true, idsAreMapped: true });
    expect(found.mounts).toHaveLength(1);
    expect(found.users.get(1026)).toBe('admin');
    expect(found.groupNames.get(100)).toBe('users');
  });

  test.each([
    ['mark of an engine', { 'other-mark': '' }, {}],
    ['layers of an image as the root', { mountinfo: '1 0 0:9 / / rw - overlay overlay rw' }, {}],
    ['Kubernetes', {}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
    ['Podman, systemd-nspawn', {}, { container: 'podman' }],
  ])('host, %s, is a container', async (_, contents, environment) => {
    expect(await readHost(await files(contents), environment)).toMatchObject({ inContainer: true });
  });
});

test('idsOf, a platform without ids, has -1', () => {
  expect(idsOf({})).toEqual({ uid: -1, gid: -1, groups: [] });
});

test.each([
  ['all capabilities', 'CapEff:\t000001ffffffffff\n', 1000, true],
  ['all but this one', 'CapEff:\t000001fffffffffd\n', 0, false],
  ['none', 'CapEff:\t0000000000000000\n', 0, false],
  ['no line, root', 'Name: node\n', 0, true],
  ['no line, a user', '', 1000, false],
])('overridesPermissions, %s, is right', (_, status, uid, expected) => {
  expect(overridesPermissions(status, uid)).toBe(expected);
});

test.each([
  ['         0          0 4294967295\n', false],
  ['', false],
  ['0 1000 1\n', true],
  ['0 0 4294967295\n1 2 3\n', true],
])('idsAreMapped, %j, is %s', (text, expected) => {
  expect(idsAreMapped(text)).toBe(expected);
});

test('namesOf, two names for one id and lines of another form, takes the first and leaves those out', () => {
  expect(namesOf('root:x:0:0\ntoor:x:0:0\n\nnonsense\n')).toEqual(new Map([[0, 'root']]));
});
