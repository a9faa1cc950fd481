import { accessSync, constants } from 'node:fs';

/**
 * Why a test that needs a program of a Debian package cannot run here; false if it can. Throws
 * under `CI=true`, where nothing is skipped for a missing package.
 */
export function missingPackage(executable: string, debianPackage: string): string | false {
  try {
    accessSync(executable, constants.X_OK);
    return false;
  } catch (cause) {
    if (process.env.CI === 'true')
      throw new Error(`${executable} is missing: install the Debian package ${debianPackage}`, {
        cause,
      });
    return `there is no ${executable} (Debian package ${debianPackage})`;
  }
}
