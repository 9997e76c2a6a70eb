// @ts-check
/** One write out of a history in a file, as a kernel would tell it. */

/**
 * @param {Values} values
 * @param {Write} write
 * @returns {WriteRow}
 */
export function writeRow(values, { what, path, value, reducer }) {
  return { what, path, value: value < 0 ? null : values.row(value), reducer };
}
