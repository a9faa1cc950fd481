/** Questions to a page about its layout: expressions that a browser evaluates. */

/**
 * Whatever reaches over an edge of the screen and is not inside something that scrolls by itself.
 */
export const BEYOND_THE_EDGE = `(width => [...document.querySelectorAll('body *')]
  .filter(element => element.checkVisibility() && !element.closest('pre, svg, .visually-hidden, .skip'))
  .filter(element => { const { left, right } = element.getBoundingClientRect(); return left < -1 || right > width + 1; })
  .map(element => element.outerHTML.slice(0, 120))
  .slice(0, 5)
  .concat(document.documentElement.scrollWidth > width ? ['the page scrolls sideways'] : [])
)(document.documentElement.clientWidth)`;

/**
 * What a finger cannot hit: under 24 CSS pixels, links within a sentence excepted (WCAG 2.2,
 * 2.5.8); the main action of a page has 44 (2.5.5).
 */
export const SMALL_TARGETS = `[...document.querySelectorAll('a, button, input, select, textarea, summary, label[for]')]
  .filter(element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest('.visually-hidden, .skip'))
  .filter(element => !(element.localName === 'label' && !element.closest('.tabs')))
  .filter(element => !(element.localName === 'a' && getComputedStyle(element).display === 'inline'))
  .flatMap(element => {
    const { width, height } = element.getBoundingClientRect();
    const least = element.matches('.primary') ? 44 : 24;
    const isOwnBox = element.matches('[type=radio], [type=checkbox]');
    return isOwnBox || (width >= (least === 44 ? 24 : least) && height >= least - 0.5)
      ? []
      : [Math.round(width) + 'x' + Math.round(height) + ' ' + element.outerHTML.slice(0, 120)];
  })`;

/**
 * What has the focus of the keyboard and does not show it. Comes after a key was pressed: browsers
 * then show the focus that a script gives, too. A label can draw its control, and shows it then.
 */
export const UNSEEN_FOCUS = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(element => element.checkVisibility() && element.type !== 'hidden')
  .filter(element => {
    element.focus();
    const drawn = getComputedStyle(element).opacity === '0' ? element.nextElementSibling : element;
    const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
    return document.activeElement === element && (outlineStyle === 'none' || outlineWidth === '0px');
  })
  .map(element => element.outerHTML.slice(0, 120))`;

/**
 * What must be seen before a decision: the edges of the decision, and of what warns of it, in a
 * page that was not scrolled.
 */
export const DECISION = `(() => {
  const main = document.querySelector('main .primary').getBoundingClientRect();
  const bar = document.querySelector('main .decisions') ?? document.querySelector('main .primary');
  const warned = [...document.querySelectorAll('main :is(.lede, .notice)')].map(element => element.getBoundingClientRect().bottom);
  return { bottom: main.bottom, height: main.height, top: bar.getBoundingClientRect().top, warned: Math.max(0, ...warned), scrolled: scrollY };
})()`;

/**
 * What forced colours make invisible: an icon that is a mask over a ground of the page's colour.
 * Chromium replaces grounds by those of the system, unless they are system colours themselves.
 */
export const INVISIBLE_IN_FORCED_COLOURS = `(ground => [...document.querySelectorAll('body *')]
  .filter(element => element.checkVisibility())
  .flatMap(element => [null, '::before', '::after'].map(part => [element, part, getComputedStyle(element, part)]))
  .filter(([, part, { content, maskImage }]) => maskImage !== 'none' && (part === null || content !== 'none'))
  .filter(([, , { backgroundColor }]) => backgroundColor === ground || backgroundColor === 'rgba(0, 0, 0, 0)')
  .map(([element, part]) => (part ?? '') + ' of ' + element.outerHTML.slice(0, 120))
)(getComputedStyle(document.documentElement).backgroundColor)`;
