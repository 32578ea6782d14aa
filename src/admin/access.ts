import { createRoute } from '@hono/zod-openapi'
import type { RouteConfig } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'

import { ROLES } from '../store/admin-tokens.js'
import type { Role } from '../store/admin-tokens.js'
import type { AdminEnvironment } from './environment.js'
import { answerProblem } from './problems.js'

/**
 * Who may use a route: the least role that may, where an admin may all that an enroller may, and an
 * enroller all that a viewer may. `kiosk` routes are for every role, `open` ones need no token.
 */
export const ACCESS_LEVELS = ['open', 'kiosk', 'viewer', 'enroller', 'admin'] as const
export type Access = (typeof ACCESS_LEVELS)[number]

const LEVEL_OF_ROLE: Readonly<Record<Role, number>> = { kiosk: 1, viewer: 2, enroller: 3, admin: 4 }

/** Whether a role may use a route of this access. */
export function allows(access: Access, role: Role): boolean {
  return LEVEL_OF_ROLE[role] >= ACCESS_LEVELS.indexOf(access)
}

/** The roles that may use a route of this access, as the documentation names them. */
export const rolesOf = (access: Access): readonly Role[] =>
  ROLES.filter((role) => allows(access, role))

function requireAccess(access: Exclude<Access, 'open'>) {
  return createMiddleware<AdminEnvironment>(async (c, next) => {
    const { role } = c.get('principal')
    if (allows(access, role)) {
      await next()
      return
    }
    return answerProblem(c, 'forbidden', {
      cause: `This needs the role ${access}; the token has the role ${role}.`,
    })
  })
}

/** The names of the security schemes in the OpenAPI document. */
export const SECURITY = [{ bearer: [] }, { session: [] }]

/**
 * A route with its access, which is documented (`x-access`, and `x-roles` with every role that may)
 * and enforced from this one word.
 * A route that is not `open` must be added behind the app's authentication.
 */
export function adminRoute<R extends Omit<RouteConfig, 'path'> & { path: string }>(
  access: Access,
  route: R,
) {
  if (access === 'open') return createRoute<R['path'], R>({ ...route, 'x-access': access })
  return createRoute<R['path'], R>({
    ...route,
    'x-access': access,
    'x-roles': rolesOf(access),
    security: SECURITY,
    middleware: requireAccess(access),
  })
}
