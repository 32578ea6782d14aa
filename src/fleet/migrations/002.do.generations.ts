/** After a removal the rows under older keys are looked for, by every kiosk: by an index, not by reading all. */
export function generateSql(): string {
  return `
CREATE INDEX fleet_record_by_generation ON fleet_record (generation, seq);
`
}
