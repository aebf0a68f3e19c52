"use strict";
// Exact amounts: a decimal with twelve places is a BigInt of picodollars, never a float. Only heights of bars are floats.
const Money = {
  PLACES: 12,

  parse(text) {
    if (text === null || text === undefined) return 0n;
    const [whole, fraction = ""] = text.replace("-", "").split(".");
    const amount = BigInt(whole + fraction.padEnd(Money.PLACES, "0").slice(0, Money.PLACES));
    return text.startsWith("-") ? -amount : amount;
  },

  // All digits that the amount has, at least two places.
  exact(amount) {
    const digits = (amount < 0n ? -amount : amount).toString().padStart(Money.PLACES + 1, "0");
    const fraction = digits.slice(-Money.PLACES).replace(/0+$/, "").padEnd(2, "0");
    const whole = digits.slice(0, -Money.PLACES).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${amount < 0n ? "−" : ""}${whole}.${fraction}`;
  },

  // Rounded for reading: cents, or three significant digits below one dollar.
  short(amount) {
    const value = Money.number(amount);
    if (value === 0) return amount === 0n ? "0.00" : "< 0.000001";
    const digits = Math.abs(value) >= 1 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumSignificantDigits: 3 };
    return value.toLocaleString("en-US", digits);
  },

  number(amount) {
    return Number(amount) / 1e12;
  },
};
