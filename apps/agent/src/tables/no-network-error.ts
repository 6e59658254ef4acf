/**
 * A fetch that met no server: the name cannot be resolved, there is no way to it, or connecting timed out.
 *
 * Easy to get wrong: one such failure may be that server's own. Only several of them in a row mean that the device has
 * no network.
 */
import { ControlError } from '@sallyport/contract/control-error';

export class NoNetworkError extends ControlError {
  constructor(message: string) {
    super('invalid', message);
  }
}
