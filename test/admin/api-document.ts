import type { AdminApp } from '../../src/admin/environment.js'
import type { Role } from '../../src/store/admin-tokens.js'

/** A JSON schema, as far as the tests look into it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Partial<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
  readonly security?: readonly unknown[]
  readonly 'x-access': string
  readonly 'x-roles'?: readonly Role[]
}

/** The OpenAPI document, as far as the tests look into it. */
export interface ApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Partial<Record<string, Schema>>> }
  readonly 'x-problems': Readonly<Record<string, { status: number; cause: string; cure: string }>>
}

/** One operation with its address. */
export interface Route {
  /** `GET`, `POST`, … */
  readonly method: string
  /** With its parameters in braces. */
  readonly path: string
  readonly operation: Operation
}

export async function readDocument(app: Pick<AdminApp, 'request'>): Promise<ApiDocument> {
  return (await (await app.request('/openapi.json')).json()) as ApiDocument
}

/** Every operation that the document names. */
export function routesOf({ paths }: ApiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )
}
