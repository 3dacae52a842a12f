/* Origin directory: a directory of the file system that a browser gives an origin (the origin
 * private file system). Used by opfs.ts and page-spool.ts.
 */

/** The directory of that path, whose parts are made if they are not there. */
export async function directoryAt(path: string): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of path.split("/").filter((part) => part !== "")) {
    directory = await directory.getDirectoryHandle(name, { create: true });
  }
  return directory;
}
