import { RealDriverWorld } from '../support/real-driver-world.ts';
import { forbidStrayRejections } from '../support/stray-rejections.ts';
import { driverContract } from './driver-contract.ts';

forbidStrayRejections();

driverContract('real driver', ({ impatient = false } = {}) =>
  RealDriverWorld.create({
    simulator: { qrRotateMs: 1_000, refsBeforeIdle: 1_000, vintage: 'minified' },
    deadlines: { logoutGraceMs: 1_000, ...(impatient && { answerMs: 1_500, closeMs: 1_000 }) },
  }),
);
