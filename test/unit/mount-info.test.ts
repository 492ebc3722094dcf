import { describe, expect, test } from 'vitest';

import {
  hostPathOf,
  isDeleted,
  isInMemory,
  isNetworkShare,
  isWithin,
  mountOf,
  parseMountInfo,
  volumesOf,
} from '../../src/session/mount-info.ts';
import { mount, SYNOLOGY_CONTAINER } from '../support/folder-facts.ts';

describe('parseMountInfo', () => {
  test('mountinfo, optional fields or none, is read alike', () => {
    expect(
      parseMountInfo(
        [
          '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue',
          '37 35 98:0 / /data ro - ext3 /dev/root rw',
          '38 35 98:0 / /share rw - cifs //nas/share ro,vers=3.0',
        ].join('\n'),
      ),
    ).toEqual([
      {
        point: '/mnt2',
        root: '/mnt1',
        type: 'ext3',
        source: '/dev/root',
        readOnly: false,
        options: ['rw', 'noatime', 'rw', 'errors=continue'],
      },
      { point: '/data', root: '/', type: 'ext3', source: '/dev/root', readOnly: true, options: ['ro', 'rw'] },
      {
        point: '/share',
        root: '/',
        type: 'cifs',
        source: '//nas/share',
        readOnly: true,
        options: ['rw', 'ro', 'vers=3.0'],
      },
    ]);
  });

  test('mountinfo, escaped characters, are given back', () => {
    const [found] = parseMountInfo('1 2 0:1 /a\\040b /c\\011d\\012e\\134f rw - nfs host:/x\\040y rw');
    expect(found).toMatchObject({ root: '/a b', point: '/c\td\ne\\f', source: 'host:/x y' });
  });

  test.each([
    '',
    'nonsense',
    '1 2 0:1 / /x rw',
    '1 2 0:1 / /x rw - ext4 /dev/x',
    '1 2 0:1 / /x - ext4 /dev/x rw',
  ])('mountinfo, line of another form %j, is left out', (line) => {
    expect(parseMountInfo(line)).toEqual([]);
  });
});

describe('mountOf', () => {
  const mounts = [
    mount({ point: '/' }),
    mount({ point: '/app' }),
    mount({ point: '/app/data', source: 'below' }),
  ];

  test.each([
    ['/app/data/x', '/app/data'],
    ['/app/data', '/app/data'],
    ['/app/database', '/app'],
    ['/application', '/'],
  ])('path %s, lies on %s', (path, point) => {
    expect(mountOf(mounts, path)?.point).toBe(point);
  });

  test('path, two mounts at one point, lies on the later, which covers the other', () => {
    expect(mountOf([...mounts, mount({ point: '/app/data', source: 'above' })], '/app/data')?.source).toBe(
      'above',
    );
  });

  test('path, no mounts known, lies on none', () => {
    expect(mountOf([], '/app')).toBeNull();
  });
});

test.each([
  ['/', '/', true],
  ['/', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
])('isWithin, %s and %s, is %s', (folder, path, expected) => {
  expect(isWithin(folder, path)).toBe(expected);
});

test('isDeleted, mark of the kernel at the end of the root, is read', () => {
  expect(isDeleted(mount({ root: '/srv/x//deleted' }))).toBe(true);
  expect(isDeleted(mount({ root: '/srv/deleted' }))).toBe(false);
});

test.each([
  ['tmpfs', true, false],
  ['ramfs', true, false],
  ['cifs', false, true],
  ['nfs4', false, true],
  ['fuse.sshfs', false, true],
  ['btrfs', false, false],
])('file system %s, in memory: %s, network share: %s', (type, memory, share) => {
  expect(isInMemory(mount({ type }))).toBe(memory);
  expect(isNetworkShare(mount({ type }))).toBe(share);
});

test('volumesOf, container on a Synology, names only what a person has mounted', () => {
  expect(volumesOf(SYNOLOGY_CONTAINER).map(({ point }) => point)).toEqual(['/app/.wwebjs_auth']);
});

test.each([
  ['a layer of an image', mount({ point: '/srv/x/merged', type: 'overlay' })],
  ['a package', mount({ point: '/snap/core/1', type: 'squashfs' })],
  ["Docker's own folder", mount({ point: '/var/lib/docker/overlay2/1f/merged' })],
  ["Podman's own folder", mount({ point: '/home/me/.local/share/containers/storage/overlay' })],
  ["a Synology's own folder", mount({ point: '/volume1/@docker/btrfs' })],
  ['settings of the kernel', mount({ point: '/x', type: 'configfs' })],
])('volumesOf, %s, is not what a person has mounted', (_, other) => {
  expect(volumesOf([other, mount()])).toEqual([mount()]);
});

describe('hostPathOf', () => {
  test.each([
    ['bind mount', mount(), '/srv/wa/.wwebjs_auth/session-x'],
    [
      'deleted bind mount',
      mount({ root: '/srv/wa/.wwebjs_auth//deleted' }),
      '/srv/wa/.wwebjs_auth/session-x',
    ],
    ['Synology, btrfs', SYNOLOGY_CONTAINER.at(-1)!, '/volume*/docker/whatsapp-server/.wwebjs_auth/session-x'],
    [
      'Synology, ext4',
      mount({ root: '/docker/wa', options: ['rw', 'synoacl'] }),
      '/volume*/docker/wa/session-x',
    ],
    ['whole file system', mount({ root: '/' }), null],
  ])('%s, names the path as the host does', (_, on, expected) => {
    expect(hostPathOf(on, '/app/.wwebjs_auth/session-x')).toBe(expected);
  });

  test('root mount, keeps the whole path', () => {
    expect(hostPathOf(mount({ point: '/', root: '/images/7' }), '/app/x')).toBe('/images/7/app/x');
  });
});
