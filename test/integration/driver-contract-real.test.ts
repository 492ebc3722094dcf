import { RealDriverWorld } from '../support/real-driver-world.ts';
import { driverContract } from './driver-contract.ts';

driverContract('real driver', () =>
  RealDriverWorld.create({
    simulator: { qrRotateMs: 1_000, refsBeforeIdle: 1_000, vintage: 'minified' },
    deadlines: { answerMs: 2_000, closeMs: 1_000, logoutGraceMs: 1_000 },
  }),
);
