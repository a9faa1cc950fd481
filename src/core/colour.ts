/**
 * sRGB colours as style sheets write them: contrast as WCAG 2.2 measures it, and other lightness in
 * the same hue by OKLCH (CSS Color Module Level 4, 9 and 10).
 */

/** `#rrggbb` in lower case. */
export type Colour = string & { readonly colour: unique symbol };

/** Undefined for any other notation. */
export function parseColour(text: string): Colour | undefined {
  return /^#[0-9a-f]{6}$/i.test(text) ? (text.toLowerCase() as Colour) : undefined;
}

type Triple = readonly [number, number, number];

/** From 1 to 21; text needs 4.5, the edge of a control 3 (WCAG 2.2, 1.4.3 and 1.4.11). */
export function contrastOf(one: Colour, other: Colour): number {
  const [low, high] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

function luminanceOf(colour: Colour): number {
  const [red, green, blue] = linearOf(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** `share` of `over` on `ground`, from 0 to 1, as a translucent paint looks. */
export function mixed(over: Colour, ground: Colour, share: number): Colour {
  const [top, bottom] = [bytesOf(over), bytesOf(ground)];
  return written(
    top.map((byte, index) => (byte * share + bottom[index]! * (1 - share)) / 255) as never,
  );
}

/** From 0 (black) to 1 (white), as the eye sees it. */
export function lightnessOf(colour: Colour): number {
  return oklabOf(colour)[0];
}

/**
 * The same hue with another lightness, as colourful as sRGB can show it there. `chroma` limits the
 * colourfulness (0.4 is more than any sRGB colour has).
 */
export function withLightness(colour: Colour, lightness: number, chroma = 0.4): Colour {
  const [, a, b] = oklabOf(colour);
  const own = Math.hypot(a, b);
  const hue = Math.atan2(b, a);
  const at = (radius: number): Triple =>
    linearFromOklab([lightness, radius * Math.cos(hue), radius * Math.sin(hue)]);
  let [low, high] = [0, Math.min(own, chroma)];
  if (!isShown(at(high)))
    for (let step = 0; step < 16; step++) {
      const middle = (low + high) / 2;
      if (isShown(at(middle))) low = middle;
      else high = middle;
    }
  else low = high;
  return written(at(low).map(encoded) as never);
}

function isShown(linear: Triple): boolean {
  return linear.every(channel => channel >= -0.0001 && channel <= 1.0001);
}

function bytesOf(colour: Colour): Triple {
  return [1, 3, 5].map(start => Number.parseInt(colour.slice(start, start + 2), 16)) as never;
}

function written(channels: Triple): Colour {
  const bytes = channels.map(channel => Math.round(Math.min(Math.max(channel, 0), 1) * 255));
  return `#${bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')}` as Colour;
}

function linearOf(colour: Colour): Triple {
  return bytesOf(colour).map(byte => {
    const channel = byte / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as never;
}

function encoded(linear: number): number {
  return linear <= 0.003_130_8 ? linear * 12.92 : 1.055 * linear ** (1 / 2.4) - 0.055;
}

function times(matrix: readonly Triple[], [x, y, z]: Triple): Triple {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as never;
}

function oklabOf(colour: Colour): Triple {
  return times(LMS_TO_OKLAB, times(RGB_TO_LMS, linearOf(colour)).map(Math.cbrt) as never);
}

function linearFromOklab(oklab: Triple): Triple {
  return times(LMS_TO_RGB, times(OKLAB_TO_LMS, oklab).map(root => root ** 3) as never);
}

/** Ottosson, "A perceptual color space for image processing", which CSS Color 4 adopts. */
const RGB_TO_LMS: readonly Triple[] = [
  [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
  [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
  [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
];
const LMS_TO_OKLAB: readonly Triple[] = [
  [0.210_454_255_3, 0.793_617_785, -0.004_072_046_8],
  [1.977_998_495_1, -2.428_592_205, 0.450_593_709_9],
  [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766],
];
const OKLAB_TO_LMS: readonly Triple[] = [
  [1, 0.396_337_777_4, 0.215_803_757_3],
  [1, -0.105_561_345_8, -0.063_854_172_8],
  [1, -0.089_484_177_5, -1.291_485_548],
];
const LMS_TO_RGB: readonly Triple[] = [
  [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
  [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
  [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701],
];
