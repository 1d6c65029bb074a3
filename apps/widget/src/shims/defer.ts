/** Stands in for `p-defer-es5`, which compiles itself while it is installed. */
export default function createDeferred<Value>(): PromiseWithResolvers<Value> {
  return Promise.withResolvers<Value>();
}
