/**
 * Business hours as one text that people read and programs compare: `Mon-Fri 09:00-17:00, Sat closed, Sun all day`. Days that are not
 * named are closed. Chatwoot keeps seven objects, from Sunday on (contract section 6.2).
 */
import type { Json, JsonObject } from '../core/json.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
/** The week as people write it. */
const WEEK = [1, 2, 3, 4, 5, 6, 0]

const PART = /^(sun|mon|tue|wed|thu|fri|sat)[a-z]*(?:\s*-\s*(sun|mon|tue|wed|thu|fri|sat)[a-z]*)?\s+(.+)$/i
const SPAN = /^([01]?\d|2[0-3])(?::([0-5]\d))?\s*-\s*([01]?\d|2[0-3])(?::([0-5]\d))?$/

/** The hours in their one form, days of the same hours together; undefined for a text that is none. */
export function hoursOf(text: string): string | undefined {
  const week = new Map<number, string>()
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const [, first = '', last = first, what = ''] = PART.exec(part) ?? []
    const hours = dayText(what)
    if (hours === undefined) return undefined
    for (const day of daysFrom(dayNumber(first), dayNumber(last))) week.set(day, hours)
  }
  return weekText(week)
}

function dayNumber(name: string): number {
  return DAYS.findIndex((day) => day.toLowerCase() === name.toLowerCase())
}

/** The days from one to another, over the end of the week where it must be. */
function daysFrom(first: number, last: number): readonly number[] {
  const from = WEEK.indexOf(first)
  const count = (WEEK.indexOf(last) - from + 7) % 7
  return Array.from({ length: count + 1 }, (_, index) => WEEK[(from + index) % 7] ?? 0)
}

function dayText(text: string): string | undefined {
  if (/^closed$/i.test(text)) return 'closed'
  if (/^(?:all day|open)$/i.test(text)) return 'all day'
  const [, openHour, openMinutes = '00', closeHour, closeMinutes = '00'] = SPAN.exec(text) ?? []
  if (openHour === undefined || closeHour === undefined) return undefined
  const [open, close] = [`${openHour.padStart(2, '0')}:${openMinutes}`, `${closeHour.padStart(2, '0')}:${closeMinutes}`]
  return open < close ? `${open}-${close}` : undefined
}

function weekText(week: ReadonlyMap<number, string>): string {
  const parts: { first: number; last: number; hours: string }[] = []
  for (const day of WEEK) {
    const hours = week.get(day) ?? 'closed'
    const before = parts.at(-1)
    if (before?.hours === hours) before.last = day
    else parts.push({ first: day, last: day, hours })
  }
  return parts.map(({ first, last, hours }) => `${DAYS[first]}${first === last ? '' : `-${DAYS[last]}`} ${hours}`).join(', ')
}

/** Chatwoot's seven days as text; undefined for anything else. */
export function readHours(json: Json | undefined): string | undefined {
  if (!Array.isArray(json) || json.length !== 7) return undefined
  const week = new Map<number, string>()
  for (const entry of json as readonly Json[]) {
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return undefined
    const day = entry as JsonObject
    const hours = readDay(day)
    if (typeof day.day_of_week !== 'number' || hours === undefined) return undefined
    week.set(day.day_of_week, hours)
  }
  return weekText(week)
}

function readDay(day: JsonObject): string | undefined {
  if (day.closed_all_day === true) return 'closed'
  if (day.open_all_day === true) return 'all day'
  const two = (value: Json | undefined) => String(typeof value === 'number' ? value : 0).padStart(2, '0')
  if (typeof day.open_hour !== 'number' || typeof day.close_hour !== 'number') return undefined
  return `${two(day.open_hour)}:${two(day.open_minutes)}-${two(day.close_hour)}:${two(day.close_minutes)}`
}

/** The `working_hours` of a request, from the text. */
export function hoursBody(text: string): readonly JsonObject[] {
  const week = new Map<number, string>()
  for (const part of text.split(', ')) {
    const [, first = '', last = first, what = ''] = PART.exec(part) ?? []
    for (const day of daysFrom(dayNumber(first), dayNumber(last))) week.set(day, what)
  }
  return DAYS.map((_name, day) => {
    const hours = week.get(day) ?? 'closed'
    const [, openHour = '0', openMinutes = '0', closeHour = '0', closeMinutes = '0'] = SPAN.exec(hours) ?? []
    const isSpan = SPAN.test(hours)
    return {
      day_of_week: day,
      closed_all_day: hours === 'closed',
      open_all_day: hours === 'all day',
      open_hour: isSpan ? Number(openHour) : hours === 'all day' ? 0 : null,
      open_minutes: isSpan ? Number(openMinutes) : hours === 'all day' ? 0 : null,
      close_hour: isSpan ? Number(closeHour) : hours === 'all day' ? 23 : null,
      close_minutes: isSpan ? Number(closeMinutes) : hours === 'all day' ? 59 : null,
    }
  })
}
