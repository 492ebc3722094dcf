import { FakeDriverWorld } from '../support/fake-driver-world.ts';
import { driverContract } from './driver-contract.ts';

driverContract('scriptable driver', () => Promise.resolve(new FakeDriverWorld()));
